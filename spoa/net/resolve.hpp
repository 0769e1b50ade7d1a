#pragma once

#include "base/endpoint.hpp"
#include "base/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <vector>

namespace spoa::net {

// Where to connect to for an address. An IP address is not given to the resolver: it has one thread
// for all, and a name server that does not answer would keep it from every connection.
boost::asio::awaitable<result<std::vector<boost::asio::ip::tcp::endpoint>>> resolve(
    boost::asio::any_io_executor executor, Endpoint address);

}  // namespace spoa::net
