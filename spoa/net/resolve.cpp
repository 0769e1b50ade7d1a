#include "net/resolve.hpp"

#include "net/timeout.hpp"

#include <boost/asio/ip/address.hpp>

#include <string>

namespace asio = boost::asio;
using asio::ip::tcp;

namespace spoa::net {

asio::awaitable<result<std::vector<tcp::endpoint>>> resolve(
    asio::any_io_executor executor, Endpoint address)
{
    std::vector<tcp::endpoint> out;
    error_code is_name;
    const auto ip = asio::ip::make_address(address.host, is_name);
    if (!is_name) {
        out.emplace_back(ip, address.port);
        co_return out;
    }
    tcp::resolver resolver(executor);
    const auto [error, candidates] = co_await resolver.async_resolve(
        address.host, std::to_string(address.port), tcp::resolver::numeric_service, as_result);
    if (error)
        co_return error;
    for (const auto& candidate : candidates)
        out.push_back(candidate.endpoint());
    co_return out;
}

}  // namespace spoa::net
