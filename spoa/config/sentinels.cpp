#include "config/sentinels.hpp"

#include "config/address.hpp"
#include "config/credentials.hpp"
#include "config/tls.hpp"
#include "config/units.hpp"

#include <map>
#include <string>

namespace spoa::config {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr Range<milliseconds> poll_interval_range{50ms, 60s};
constexpr Range<milliseconds> query_timeout_range{10ms, 60s};
constexpr Range<milliseconds> vote_ttl_range{1ms, 1h};

// What the number of Sentinels means for the majority, when it is not the usual 3 or 5.
std::string remark_on_count(std::size_t count)
{
    if (count == 1)
        return "one Sentinel leaves no majority to count: whatever it says is followed";
    if (count == 2)
        return "2 Sentinels have a majority only together: both must answer; with a third, one "
               "may fail";
    if (count > 0 && count % 2 == 0)
        return std::to_string(count) + " Sentinels need " + std::to_string(count / 2 + 1) +
               " for a majority, as " + std::to_string(count + 1) +
               " would; one more Sentinel lets one more fail";
    return {};
}

// An address alone, or with what is particular to it.
std::optional<Sentinel> read_sentinel(const Value& item, const Origin& origin, Report& report)
{
    constexpr Range<unsigned> seats_range{1, 15};
    Sentinel out;
    if (item.node->kind != TreeNode::Kind::mapping) {
        const auto address = read_peer(item, "26379", report);
        out.address = address.value_or(Endpoint());
        return address ? std::optional(out) : std::nullopt;
    }
    const Section section(
        item, {"address", "expect", "username", "password", "password_file"}, report);
    const auto value = section.require("address", "write it as host:port");
    const auto address = value ? read_peer(*value, "26379", report) : std::nullopt;
    if (!address)
        return std::nullopt;
    out.address = *address;
    if (const auto expect = section.find("expect")) {
        out.seats = read_number(*expect, seats_range, report).value_or(1);
        if (out.seats > 1 && ip_version(address->host) != IpVersion::none)
            report.error(
                expect->place(),
                expect->name + ": " + address->host + " is one address; only a host name has more");
    }
    if (auto own = read_credentials(section, origin, report); own != Credentials())
        out.own = std::move(own);
    return out;
}

std::vector<Sentinel> read_addresses(const Value& value, const Origin& origin, Report& report)
{
    std::vector<Sentinel> out;
    std::map<Endpoint, Place> seen;
    bool good = true;
    for (const auto& item : read_list(value, report)) {
        auto sentinel = read_sentinel(item, origin, report);
        if (!sentinel) {
            good = false;
            continue;
        }
        const auto& [first, is_new] = seen.emplace(folded(sentinel->address), item.place());
        if (!is_new) {
            report.error(
                item.place(),
                "duplicate Sentinel " + to_string(sentinel->address) + ", first on line " +
                    std::to_string(first->second.line) + "; its vote would count twice");
            good = false;
        }
        for (; sentinel->seat < sentinel->seats; ++sentinel->seat)
            out.push_back(*sentinel);
    }
    if (const auto remark = remark_on_count(out.size()); good && !remark.empty())
        report.warning(value.place(), value.name + ": " + remark);
    return out;
}

// A vote must live until the next one can have come, or each poll would end without a majority.
void read_timing(const Section& section, Sentinels& out, Report& report)
{
    const auto poll_interval = section.find("poll_interval");
    const auto query_timeout = section.find("query_timeout");
    const auto vote_ttl = section.find("vote_ttl");

    bool good = true;
    const auto read = [&](const auto& value, Range<milliseconds> range, milliseconds& target) {
        const auto duration = value ? read_duration(*value, range, report) : target;
        good = good && duration;
        target = duration.value_or(target);
    };
    read(poll_interval, poll_interval_range, out.poll_interval);
    read(query_timeout, query_timeout_range, out.query_timeout);
    read(vote_ttl, vote_ttl_range, out.vote_ttl);

    const auto sum = out.poll_interval + out.query_timeout;
    if (!good || out.vote_ttl > sum)
        return;
    const auto& at_fault = vote_ttl ? vote_ttl : poll_interval ? poll_interval : query_timeout;
    report.error(
        at_fault->place(),
        "vote_ttl (" + to_string(out.vote_ttl) +
            ") must be longer than poll_interval + query_timeout (" + to_string(out.poll_interval) +
            " + " + to_string(out.query_timeout) + " = " + to_string(sum) +
            "), or votes expire before the next ones come");
}

}  // namespace

std::string to_string(const Sentinel& sentinel)
{
    return spoa::to_string(sentinel.address) +
           (sentinel.seats > 1 ? '#' + std::to_string(sentinel.seat + 1) : std::string());
}

Sentinels read_sentinels(const Section& root, const Origin& origin, Report& report)
{
    const auto section = root.section(
        "sentinels",
        {"addresses",
         "username",
         "password",
         "password_file",
         "tls",
         "poll_interval",
         "query_timeout",
         "vote_ttl"});

    Sentinels out;
    if (const auto value = section.require("addresses", "list every Sentinel as host:port"))
        out.addresses = read_addresses(*value, origin, report);
    out.credentials = read_credentials(section, origin, report);
    out.tls = read_tls(section, origin, report);
    read_timing(section, out, report);
    return out;
}

}  // namespace spoa::config
