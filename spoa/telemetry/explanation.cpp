#include "telemetry/explanation.hpp"

#include "telemetry/answer_json.hpp"

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <utility>
#include <vector>

namespace spoa::telemetry {
namespace {

using Json = nlohmann::ordered_json;
using Rows = std::vector<Row>;

std::string text_or(const Json& json, const char* key, const char* otherwise)
{
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

std::string number(const Json& json, const char* key)
{
    const auto found = json.find(key);
    return found != json.end() && found->is_number() ? found->dump() : "-";
}

std::string joined(const Json& words)
{
    std::string text;
    for (const auto& word : words)
        text += (text.empty() ? "" : ",") + word.get<std::string>();
    return text.empty() ? "-" : text;
}

bool is_deliverable(const Json& json)
{
    return json.value("deliverable", true);
}

std::string verdict_text(const Json& json)
{
    const auto reason = text_or(json, "reason", "");
    return json.at("name").get<std::string>() + ": " + json.at("state").get<std::string>() +
           (is_deliverable(json) ? "" : ", undeliverable") + ", " +
           (json.at("open").get<bool>() ? "open" : "refused") + ", master " +
           text_or(json, "server", "-") + " " + text_or(json, "address", "none") + " since " +
           json.at("since").get<std::string>() + "\n" +
           (reason.empty() ? "" : "  why:     " + reason + "\n") +
           "  rule:    " + text_or(json, "rule", "-") + "\n" +
           "  votes:   " + number(json, "votes") + " of " + number(json, "sentinels") + ", " +
           number(json, "majority") + " needed; high-water epoch " + number(json, "epoch") + "\n" +
           "  changes: with " + text_or(json, "way_out", "-") + "\n";
}

// The text, which begins with verdict_text, with its state in colour.
std::string painted(std::string text, const Json& json)
{
    const auto state = json.at("state").get<std::string>();
    const auto at = json.at("name").get<std::string>().size() + 2;
    text.insert(at + state.size(), plain);
    text.insert(at, colour_of(state, json.at("open").get<bool>() && is_deliverable(json)));
    return text;
}

std::string votes_text(const Json& json)
{
    Rows rows{{"SENTINEL", "VOTE", "EPOCH", "AGE", "COUNTS", "FLAGS"}};
    for (const auto& vote : json.at("ballots")) {
        const bool given = vote.contains("age_ms");
        rows.push_back(
            {vote.at("sentinel").get<std::string>(),
             given ? text_or(vote, "address", "unknown name") : "no vote",
             number(vote, "epoch"),
             given ? number(vote, "age_ms") + " ms" : "-",
             vote.at("valid").get<bool>() ? "yes" : "no",
             vote.contains("reason")
                 ? text_or(vote, "reason", "-")
                 : joined(vote.at("flags")) + (vote.value("tilt", false) ? ",TILT" : "")});
    }
    std::string text = aligned(rows);
    for (const auto& support : json.at("support"))
        text += "support for " + support.at("address").get<std::string>() + ": " +
                number(support, "votes") + ", highest epoch " + number(support, "highest_epoch") +
                "\n";
    return text;
}

std::string old_workers_text(const Json& json)
{
    if (json.is_null())
        return {};
    if (!json.at("up").get<bool>())
        return "old workers out of reach: " + text_or(json, "failure", "-") + "\n";
    std::string text;
    for (const auto& worker : json.at("workers"))
        text += "old worker " + number(worker, "pid") + ": " + number(worker, "sessions") +
                " sessions\n";
    return text;
}

std::string nodes_text(const Json& json)
{
    if (json.at("nodes").empty())
        return {};
    Rows rows{{"SERVER", "NODE", "ROLE", "OFFSET", "LAG", "NOTE"}};
    for (const auto& node : json.at("nodes"))
        rows.push_back(
            {text_or(node, "server", "-"),
             text_or(node, "address", "-"),
             node.at("up").get<bool>() ? text_or(node, "role", "-") : "no answer",
             number(node, "offset"),
             number(node, "lag_bytes"),
             node.value("loading", false) ? "loading" : text_or(node, "trouble", "-")});
    return "\n" + aligned(rows);
}

std::string reads_text(const Json& json)
{
    const auto reads = json.find("reads");
    if (reads == json.end())
        return {};
    const auto reason = text_or(*reads, "reason", "");
    auto text =
        "\nreads go to " + joined(reads->at("servers")) +
        (reason.empty() ? "" : ": " + reason + "; instead: " + text_or(*reads, "fallback", "-")) +
        "\n";
    Rows rows{{"SERVER", "READS", "LAG BYTES", "LAG MS", "WHY"}};
    for (const auto& replica : reads->at("replicas"))
        rows.push_back(
            {text_or(replica, "server", "-"),
             replica.at("usable").get<bool>() ? "yes" : "no",
             number(replica, "lag_bytes"),
             number(replica, "lag_ms"),
             text_or(replica, "fitness", "-")});
    return text + aligned(rows);
}

std::string haproxies_text(const Json& json)
{
    std::string text;
    Rows rows{{"SERVER", "STATE", "WANTED", "SESSIONS"}};
    const auto haproxies = json.value("haproxy", Json::array());
    for (const auto& haproxy : haproxies) {
        text += "\nhaproxy " + text_or(haproxy, "runtime_api", "-") + ": " +
                (haproxy.at("up").get<bool>() ? "answers" : text_or(haproxy, "failure", "-")) +
                "\n";
        rows.resize(1);
        for (const auto& backend : haproxy.at("backends"))
            for (const auto& server : backend.at("servers"))
                rows.push_back(
                    {text_or(backend, "backend", "-") + "/" + text_or(server, "server", "-"),
                     text_or(server, "state", "-"),
                     text_or(server, "wanted", "-"),
                     number(server, "sessions")});
        if (rows.size() > 1)
            text += aligned(rows);
        text += old_workers_text(haproxy.value("old_workers", Json()));
    }
    return text;
}

std::string twemproxies_text(const Json& json)
{
    std::string text;
    for (const auto& twemproxy : json.value("twemproxy", Json::array())) {
        text += "\ntwemproxy " + text_or(twemproxy, "config", "-") + ": " +
                text_or(twemproxy, "trouble", "follows") + "\n";
        Rows rows{{"POOL", "SERVER", "IN FILE", "WANTED"}};
        for (const auto& pool : twemproxy.at("pools"))
            rows.push_back(
                {text_or(pool, "pool", "-"),
                 text_or(pool, "server", "-"),
                 text_or(pool, "in_file", "-"),
                 text_or(pool, "wanted", "-")});
        text += aligned(rows);
    }
    return text;
}

std::string changes_text(const Json& json)
{
    std::string text;
    for (const auto& change : json.at("changes")) {
        const auto& to = change.at("to");
        const auto& from = change.at("from");
        text += change.at("at").get<std::string>() + "  " + from.at("state").get<std::string>() +
                " " + text_or(from, "address", "none") + " -> " +
                to.at("state").get<std::string>() + " " + text_or(to, "address", "none") +
                ", epoch " + number(change, "epoch") +
                (change.at("open").get<bool>() ? "" : ", refused") + "\n";
    }
    return text.empty() ? text : "\nlast changes\n" + text;
}

// `R1 10.0.0.1:6379`, or the address alone.
std::string place_text(const Json& failover, const std::string& which)
{
    const auto server = text_or(failover, which.c_str(), "");
    return (server.empty() ? "" : server + " ") +
           text_or(failover, (which + "_address").c_str(), "-");
}

// What the new master lacked of the old one's writes.
std::string lag_text(const Json& failover)
{
    const auto bytes = failover.find("lag_bytes");
    if (bytes == failover.end() || !bytes->is_number())
        return ", how far behind was not measured";
    const auto age = number(failover, "lag_ms");
    return ", " + bytes->dump() + " bytes behind" + (age == "-" ? "" : " (" + age + " ms)");
}

std::string failovers_text(const Json& json)
{
    constexpr std::size_t clock = 11;  // of 2026-11-27T05:36:32.645Z
    std::string text;
    for (const auto& failover : json.value("failovers", Json::array())) {
        const auto from = place_text(failover, "from");
        if (failover.value("false_alarm", false))
            text += from + " was in doubt, and stayed\n";
        else if (failover.at("to_address").is_null())
            text += from + " is in doubt\n";
        else
            text += from + " -> " + place_text(failover, "to") + lag_text(failover) + "\n";
        for (const auto& [phase, moment] : failover.at("phases").items())
            if (moment.is_string() && moment.get<std::string>().size() > clock)
                text += "    " + moment.get<std::string>().substr(clock) + "  " + phase + "\n";
    }
    return text.empty() ? text : "\nlast failovers\n" + text;
}

std::string problems_text(const Json& json)
{
    std::string text;
    for (const auto& warning : json.value("problems", json.at("warnings")))
        text += "warning: " + warning.get<std::string>() + "\n";
    return text.empty() ? text : "\n" + text;
}

}  // namespace

Explanation explain(std::string_view master_json, const TextStyle& style)
{
    try {
        const auto json = parse_answer<Json>(master_json);
        auto text = wrapped(
            verdict_text(json) + "\n" + votes_text(json) + nodes_text(json) + reads_text(json) +
                haproxies_text(json) + twemproxies_text(json) + problems_text(json) +
                changes_text(json) + failovers_text(json),
            style.width);
        return {
            style.colour ? painted(std::move(text), json) : std::move(text),
            json.at("open").get<bool>() && is_deliverable(json) &&
                json.value("problems", Json::array()).empty()};
    } catch (const Json::exception& e) {
        throw std::runtime_error(
            std::string("the answer is not that of a sentinel-spoa of this version: ") + e.what());
    }
}

}  // namespace spoa::telemetry
