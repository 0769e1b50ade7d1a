// By which names a listener may be asked. A page from elsewhere whose name is made to lead here
// (DNS rebinding) would otherwise have a browser read us what its own network alone may see.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <span>
#include <string>
#include <string_view>

namespace spoa::net {

// The host of `host`, `host:port` or `[v6]:port`, in small letters and without the dot of the root.
std::string host_of(std::string_view authority);

// Of a target in the absolute form, as a proxy's request has it: what comes before the path. Empty
// for others.
std::string_view authority_in(std::string_view target);

// True for localhost and all addresses of loopback, for the address `asked` itself, where the
// connection came in, and for `names`, which are in small letters.
bool may_be_asked_as(
    std::string_view authority, const boost::asio::ip::address& asked,
    std::span<const std::string> names);

}  // namespace spoa::net
