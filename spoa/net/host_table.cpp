#include "net/host_table.hpp"

#include "net/timeout.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace spoa::net {
namespace {

constexpr std::chrono::milliseconds shortest_pause{100};  // between two look-ups of a name

// Of this family; that of before if it is still there. Empty without any.
std::string choose(
    const NameService::Addresses& addresses, IpVersion family, const std::string& before)
{
    if (std::ranges::binary_search(addresses, before))
        return before;
    const auto first = std::ranges::find(addresses, family, ip_version);
    return first == addresses.end() ? std::string() : *first;
}

}  // namespace

HostTable::HostTable(asio::any_io_executor executor)
    : executor_(std::move(executor)), wake_(executor_)
{
    name_service(executor_).on_answer =
        [this](const std::string& name, const result<NameService::Addresses>& found) {
            take(name, found);
        };
}

HostTable::~HostTable()
{
    name_service(executor_).on_answer = nullptr;
}

Endpoint HostTable::canonical(const Endpoint& endpoint)
{
    if (endpoint.host.empty() || ip_version(endpoint.host) != IpVersion::none)
        return endpoint;
    const auto* const entry = known(endpoint.host);
    if (!entry)
        return endpoint;
    const auto& host = entry->second;
    const auto& address = host.v4.empty() ? host.v6 : host.v4;
    return address.empty() ? endpoint : Endpoint{address, endpoint.port};
}

std::vector<std::string> HostTable::addresses(const std::string& host)
{
    if (ip_version(host) != IpVersion::none)
        return {host};
    std::vector<std::string> out;
    const auto* const entry = known(host);
    if (!entry)
        return out;
    for (const auto& address : {entry->second.v4, entry->second.v6})
        if (!address.empty())
            out.push_back(address);
    return out;
}

bool HostTable::is_settled(const std::string& host)
{
    if (host.empty() || ip_version(host) != IpVersion::none)
        return true;
    const auto* const entry = known(host);
    return !entry || entry->second.answered ||
           Clock::now() - entry->second.first_seen >= first_wait;
}

void HostTable::refresh(const std::string& host)
{
    if (host.empty() || ip_version(host) != IpVersion::none)
        return;
    if (auto* const entry = known(host))
        look_up(*entry);
}

void HostTable::configure(const std::vector<std::string>& hosts)
{
    for (auto& [_, host] : hosts_)
        host.configured = false;
    for (const auto& host : hosts)
        if (ip_version(host) == IpVersion::none)
            add(folded(host)).second.configured = true;
    strangers_ = static_cast<std::size_t>(
        std::ranges::count(hosts_, false, [](const auto& each) { return each.second.configured; }));
}

// Nothing where it is one too many.
HostTable::Hosts::value_type* HostTable::known(const std::string& host)
{
    const auto name = folded(host);
    if (const auto entry = hosts_.find(name); entry != hosts_.end()) {
        if (!entry->second.configured)
            entry->second.named_at = Clock::now();
        return &*entry;
    }
    if (strangers_ >= most_strangers)
        return nullptr;
    ++strangers_;
    return &add(name);
}

HostTable::Hosts::value_type& HostTable::add(const std::string& name)
{
    const auto [entry, is_new] = hosts_.try_emplace(name);
    if (is_new) {
        entry->second.named_at = entry->second.first_seen;
        ++unanswered_;
        look_up(*entry);
    }
    return *entry;
}

bool HostTable::is_forgotten(const Host& host) const
{
    return !host.configured && Clock::now() - host.named_at >= stranger_stays;
}

void HostTable::look_up(Hosts::value_type& entry)
{
    const auto now = Clock::now();
    if (now - entry.second.asked_at < shortest_pause)
        return;
    entry.second.asked_at = now;
    name_service(executor_).begin(executor_, entry.first);
}

// The oldest ones first. Many names are spread, so that they take their turns without haste.
asio::awaitable<void> HostTable::run()
{
    constexpr std::chrono::milliseconds tick{100};
    constexpr std::size_t most = most_a_second * tick / std::chrono::seconds(1);
    for (;;) {
        auto due = take_due();
        const auto few = due.begin() + static_cast<std::ptrdiff_t>(std::min(most, due.size()));
        std::ranges::nth_element(
            due, few, {}, [](const auto* entry) { return entry->second.asked_at; });
        for (auto entry = due.begin(); entry != few; ++entry)
            look_up(**entry);
        wake_.expires_after(tick);
        if (const auto [error] = co_await wake_.async_wait(as_result); error)
            co_return;
    }
}

// Those that were not looked up for a period. Forgets those that nobody has said for long.
std::vector<HostTable::Hosts::value_type*> HostTable::take_due()
{
    std::vector<Hosts::value_type*> due;
    const auto now = Clock::now();
    for (auto entry = hosts_.begin(); entry != hosts_.end();) {
        const bool is_due = now - entry->second.asked_at >= period_;
        if (is_due && is_forgotten(entry->second)) {
            unanswered_ -= entry->second.answered ? 0 : 1;
            --strangers_;
            entry = hosts_.erase(entry);
            continue;
        }
        if (is_due)
            due.push_back(&*entry);
        ++entry;
    }
    return due;
}

void HostTable::take(const std::string& name, const result<NameService::Addresses>& found)
{
    const auto entry = hosts_.find(name);
    if (entry == hosts_.end())
        return;  // somebody connects to it, and nobody else minds where it is
    auto& host = entry->second;
    bool news = !std::exchange(host.answered, true);
    unanswered_ -= news ? 1 : 0;
    std::vector<std::string> before;
    const auto put = [&](std::string& address, IpVersion family) {
        auto chosen = choose(*found, family, address);
        if (chosen == address)
            return;
        news = true;
        if (!address.empty())
            before.push_back(std::move(address));
        address = std::move(chosen);
    };
    if (found) {
        put(host.v4, IpVersion::v4);
        put(host.v6, IpVersion::v6);
    }
    if (news)
        on_change(name, before);
}

}  // namespace spoa::net
