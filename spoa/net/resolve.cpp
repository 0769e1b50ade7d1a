#include "net/resolve.hpp"

#include "net/name_service.hpp"
#include "net/timeout.hpp"

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <string>

namespace asio = boost::asio;
using asio::ip::tcp;

namespace spoa::net {
namespace {

// A connection waits so long for a name that was looked up before: then the last address will do.
constexpr std::chrono::milliseconds patience{100};

std::vector<tcp::endpoint> endpoints_of(const NameService::Addresses& addresses, std::uint16_t port)
{
    std::vector<tcp::endpoint> out;
    for (const auto& address : addresses)
        out.emplace_back(asio::ip::make_address(address), port);
    return out;
}

}  // namespace

asio::awaitable<result<std::vector<tcp::endpoint>>> resolve(
    asio::any_io_executor executor, Endpoint address)
{
    error_code is_name;
    const auto ip = asio::ip::make_address(address.host, is_name);
    if (!is_name)
        co_return std::vector{tcp::endpoint(ip, address.port)};
    auto& names = name_service(executor);
    const auto name = folded(address.host);
    if (names.last_known(name).empty()) {
        const auto found = co_await names.look_up(name);
        if (!found)
            co_return found.error();
        co_return endpoints_of(*found, address.port);
    }
    const auto found = co_await with_timeout(patience, names.look_up(name));
    co_return endpoints_of(found ? *found : names.last_known(name), address.port);
}

asio::awaitable<result<std::vector<tcp::endpoint>>> resolve_seat(
    asio::any_io_executor executor, Endpoint address, std::size_t number, std::size_t count)
{
    if (count <= 1)
        co_return co_await resolve(executor, address);
    auto& names = name_service(executor);
    const auto name = folded(address.host);
    names.keep_seats(name, count);
    const auto found = co_await resolve(executor, address);
    if (!found)
        co_return found.error();
    const auto ip = names.seat(name, number);
    if (ip.empty())
        co_return make_name_error(NameErrc::too_few);
    co_return std::vector{tcp::endpoint(asio::ip::make_address(ip), address.port)};
}

}  // namespace spoa::net
