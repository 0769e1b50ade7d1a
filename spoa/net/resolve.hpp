#pragma once

#include "base/endpoint.hpp"
#include "base/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <vector>

namespace spoa::net {

// Where to connect to for an address; a host name is looked up for it, by the context's
// NameService. While that fails, the addresses that were found last serve.
boost::asio::awaitable<result<std::vector<boost::asio::ip::tcp::endpoint>>> resolve(
    boost::asio::any_io_executor executor, Endpoint address);

// The same for one of several machines that share a host name: of `count`, which get a seat each,
// this one.
boost::asio::awaitable<result<std::vector<boost::asio::ip::tcp::endpoint>>> resolve_seat(
    boost::asio::any_io_executor executor, Endpoint address, std::size_t number, std::size_t count);

}  // namespace spoa::net
