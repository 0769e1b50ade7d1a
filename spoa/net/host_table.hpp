#pragma once

#include "base/endpoint.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <string>

namespace spoa::net {

// The IP addresses of host names, so that a name and its address compare equal: where a Sentinel
// has `resolve-hostnames`, some say one and some the other.
//
// Of several addresses one is chosen: that of before as long as the name still has it, so that a
// name server that turns its answers round changes nothing; else the first of IPv4, else the
// first. Single-threaded.
class HostTable {
public:
    static constexpr std::chrono::seconds refresh_period{30};
    static constexpr std::chrono::seconds retry_period{2};  // of a name that has no address yet

    explicit HostTable(boost::asio::any_io_executor executor);

    // The endpoint with the IP address of its host; as it is while none is known. A name that is
    // new is looked up at once.
    Endpoint canonical(const Endpoint& endpoint);

    // Looks up names until cancelled. A failure keeps the address that was known.
    boost::asio::awaitable<void> run();

    // Called when a name has got its first or another address.
    std::function<void()> on_change = [] {};

private:
    using Clock = std::chrono::steady_clock;

    struct Host {
        std::string address;    // empty: none known
        Clock::time_point due;  // for the next look-up
    };
    using Hosts = std::map<std::string, Host>;  // by name, in lower case

    boost::asio::awaitable<void> look_up(Hosts::value_type& entry);

    boost::asio::any_io_executor executor_;
    boost::asio::steady_timer wake_;
    Hosts hosts_;
};

}  // namespace spoa::net
