#include "net/host_table.hpp"

#include "net/timeout.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using asio::ip::tcp;

namespace spoa::net {
namespace {

// Names that differ in case alone are one.
std::string lower(std::string name)
{
    for (char& c : name)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return name;
}

// `addresses` are not empty.
const asio::ip::address& choose(
    const std::vector<asio::ip::address>& addresses, const std::string& before)
{
    auto chosen = std::ranges::find(addresses, before, [](const auto& a) { return a.to_string(); });
    if (chosen == addresses.end())
        chosen = std::ranges::find_if(addresses, [](const auto& a) { return a.is_v4(); });
    return chosen == addresses.end() ? addresses.front() : *chosen;
}

}  // namespace

HostTable::HostTable(asio::any_io_executor executor)
    : executor_(std::move(executor)), wake_(executor_)
{}

Endpoint HostTable::canonical(const Endpoint& endpoint)
{
    if (endpoint.host.empty() || ip_version(endpoint.host) != IpVersion::none)
        return endpoint;
    const auto [entry, is_new] = hosts_.try_emplace(lower(endpoint.host));
    if (is_new)
        wake_.cancel();
    const auto& address = entry->second.address;
    return address.empty() ? endpoint : Endpoint{address, endpoint.port};
}

// One name after the other: Asio looks up one at a time anyway.
asio::awaitable<void> HostTable::run()
{
    for (;;) {
        const auto next = std::ranges::min_element(
            hosts_, {}, [](const Hosts::value_type& entry) { return entry.second.due; });
        if (next != hosts_.end() && next->second.due <= Clock::now()) {
            co_await look_up(*next);
        } else {
            wake_.expires_at(next == hosts_.end() ? Clock::time_point::max() : next->second.due);
            co_await wake_.async_wait(as_result);  // ends early by canonical()
        }
        if ((co_await asio::this_coro::cancellation_state).cancelled() !=
            asio::cancellation_type::none)
            co_return;
    }
}

asio::awaitable<void> HostTable::look_up(Hosts::value_type& entry)
{
    auto& [name, host] = entry;
    tcp::resolver resolver(executor_);
    const auto [error, answers] = co_await resolver.async_resolve(name, "", as_result);

    std::vector<asio::ip::address> addresses;
    for (const auto& answer : answers)
        addresses.push_back(answer.endpoint().address());
    const bool found = !error && !addresses.empty();
    const auto before = host.address;
    if (found)
        host.address = choose(addresses, before).to_string();
    host.due = Clock::now() + (host.address.empty() ? retry_period : refresh_period);
    if (host.address != before)
        on_change();
}

}  // namespace spoa::net
