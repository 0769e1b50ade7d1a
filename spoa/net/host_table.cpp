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
const std::string& choose(const std::vector<std::string>& addresses, const std::string& before)
{
    auto chosen = std::ranges::find(addresses, before);
    if (chosen == addresses.end())
        chosen = std::ranges::find(addresses, IpVersion::v4, ip_version);
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
    const auto& address = known(endpoint.host).address;
    return address.empty() ? endpoint : Endpoint{address, endpoint.port};
}

std::vector<std::string> HostTable::addresses(const std::string& host)
{
    if (ip_version(host) != IpVersion::none)
        return {host};
    return known(host).all;
}

const HostTable::Host& HostTable::known(const std::string& host)
{
    const auto [entry, is_new] = hosts_.try_emplace(lower(host));
    if (is_new)
        wake_.cancel();
    return entry->second;
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

    std::vector<std::string> addresses;
    for (const auto& answer : answers)
        addresses.push_back(answer.endpoint().address().to_string());
    const auto before = host;
    if (!error && !addresses.empty()) {
        host.address = choose(addresses, before.address);
        std::ranges::sort(addresses);  // a name server may turn them round
        addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
        host.all = std::move(addresses);
    }
    host.due = Clock::now() + (host.address.empty() ? retry_period : refresh_period);
    if (host.address != before.address || host.all != before.all)
        on_change(host.address != before.address);
}

}  // namespace spoa::net
