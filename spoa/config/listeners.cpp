#include "config/listeners.hpp"

#include "config/address.hpp"
#include "spop/frame_header.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace spoa::config {
namespace {

constexpr Range<unsigned> thread_range{1, 64};
constexpr Range<unsigned> connection_range{1, 1'000'000};
constexpr Range<unsigned> frame_size_range{
    spop::smallest_max_frame_size, spop::largest_max_frame_size};
// The least of them is above the agent's own reckoning of time, which is 250 ms coarse.
constexpr Range<std::chrono::milliseconds> timeout_range{
    std::chrono::milliseconds(500), std::chrono::minutes(10)};
constexpr Range<unsigned> waiting_range{1, 1'000'000};

struct Listener {
    SocketAddress address;
    Place place;  // line 0: not in the file, but a default
    std::string key;
};

// What anyone who can reach the socket may do.
constexpr std::string_view spop_exposes =
    "any host that reaches it can ask for every verdict, and SPOP has no authentication";
constexpr std::string_view http_exposes =
    "any host that reaches it can read metrics, verdicts and the addresses of all nodes";

std::vector<Listener> read_listen(
    const Section& section, const std::string& key, const std::vector<SocketAddress>& defaults,
    std::string_view exposes, Report& report)
{
    std::vector<Listener> out;
    const auto listen = section.find("listen");
    if (!listen) {
        for (const auto& address : defaults)
            out.push_back({address, {}, key});
        return out;
    }
    const auto usual_port = std::to_string(defaults.front().tcp.port);
    for (const auto& value : read_one_or_more(*listen, report)) {
        const auto address = read_listener(value, usual_port, report);
        if (!address)
            continue;
        if (!is_local(*address))
            report.warning(
                value.place(),
                value.name + ": " + to_string(*address) +
                    " is not loopback: " + std::string(exposes));
        out.push_back({*address, value.place(), key});
    }
    return out;
}

void check_distinct(std::vector<Listener> listeners, Report& report)
{
    // In the order of the file, defaults first: an address that repeats a default is at fault.
    std::ranges::stable_sort(listeners, {}, &Listener::place);
    std::map<SocketAddress, Listener> seen;
    for (const auto& listener : listeners) {
        const auto& [first, is_new] = seen.emplace(listener.address, listener);
        if (is_new)
            continue;
        const auto& other = first->second;
        report.error(
            listener.place,
            "duplicate address " + to_string(listener.address) + "; " + other.key + " has it " +
                (other.place.line == 0 ? "by default"
                                       : "on line " + std::to_string(other.place.line)));
    }
}

std::vector<std::string> read_hosts(const Value& hosts, Report& report)
{
    std::vector<std::string> out;
    for (const auto& value : read_one_or_more(hosts, report)) {
        const auto text = read_text(value, report);
        if (!text)
            continue;
        if (auto host = parse_host(*text))
            out.push_back(*std::move(host));
        else
            report.error(value.place(), value.name + ": " + host.error().text);
    }
    return out;
}

std::vector<SocketAddress> addresses_of(const std::vector<Listener>& listeners)
{
    std::vector<SocketAddress> out;
    out.reserve(listeners.size());
    for (const auto& listener : listeners)
        out.push_back(listener.address);
    return out;
}

}  // namespace

void read_listeners(const Section& root, Config& config, Report& report)
{
    const auto spop = root.section(
        "spop",
        {"listen",
         "threads",
         "max_connections",
         "max_frame_size",
         "hello_timeout",
         "frame_timeout",
         "write_timeout",
         "max_waiting",
         "spoe_file"});
    const auto http = root.section("http", {"listen", "hosts"});

    auto all = read_listen(spop, "spop.listen", config.spop.listen, spop_exposes, report);
    const auto http_listeners =
        read_listen(http, "http.listen", config.http.listen, http_exposes, report);
    config.spop.listen = addresses_of(all);
    config.http.listen = addresses_of(http_listeners);
    if (const auto hosts = http.find("hosts"))
        config.http.hosts = read_hosts(*hosts, report);
    all.insert(all.end(), http_listeners.begin(), http_listeners.end());
    check_distinct(std::move(all), report);

    const auto number = [&](std::string_view key, Range<unsigned> range, unsigned& out) {
        if (const auto value = spop.find(key))
            out = read_number(*value, range, report).value_or(out);
    };
    const auto timeout = [&](std::string_view key, std::chrono::milliseconds& out) {
        if (const auto value = spop.find(key))
            out = read_duration(*value, timeout_range, report).value_or(out);
    };
    number("threads", thread_range, config.spop.threads);
    number("max_connections", connection_range, config.spop.max_connections);
    number("max_frame_size", frame_size_range, config.spop.max_frame_size);
    timeout("hello_timeout", config.spop.hello_timeout);
    timeout("frame_timeout", config.spop.frame_timeout);
    timeout("write_timeout", config.spop.write_timeout);
    number("max_waiting", waiting_range, config.spop.max_waiting);
    if (const auto file = spop.find("spoe_file"))
        config.spop.spoe_file = read_text(*file, report).value_or("");
}

}  // namespace spoa::config
