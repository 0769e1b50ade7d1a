#include "telemetry/report.hpp"

#include "sentinel/electorate.hpp"
#include "telemetry/consumer_json.hpp"
#include "telemetry/read_json.hpp"
#include "verdict/warnings.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace spoa::telemetry {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

std::string date_text(verdict::TimePoint time, const Moment& now)
{
    return utc_text(now.date_of(time));
}

Json flag_words(const sentinel::Flags& flags)
{
    Json words = Json::array();
    if (flags.s_down)
        words.push_back("s_down");
    if (flags.o_down)
        words.push_back("o_down");
    if (flags.failover_in_progress)
        words.push_back("failover_in_progress");
    if (flags.disconnected)
        words.push_back("disconnected");
    if (flags.promoting)
        words.push_back("promoting");
    return words;
}

Json vote_json(
    const SentinelReport& sentinel, const std::optional<verdict::Vote>& vote,
    const std::string& same_as, std::chrono::milliseconds vote_ttl, const Moment& now)
{
    Json json{{"sentinel", sentinel.address}};
    if (!vote) {
        json["valid"] = false;
        json["reason"] = sentinel.up ? "it gave no usable answer" : sentinel.failure;
        return json;
    }
    const auto age = now.steady - vote->answered_at;
    json["valid"] = age <= vote_ttl;
    json["address"] = vote->address ? Json(to_string(*vote->address)) : Json();
    json["epoch"] = vote->config_epoch;
    json["flags"] = flag_words(vote->flags);
    json["age_ms"] = duration_cast<milliseconds>(age).count();
    json["tilt"] = vote->in_tilt;
    json["known_sentinels"] = vote->known_sentinels;
    json["id"] = vote->sentinel_id.shown();
    if (!same_as.empty()) {
        json["valid"] = false;
        json["reason"] = "it is the same Sentinel as " + same_as;
    }
    return json;
}

// How many valid votes each address has, and their highest epoch.
Json support_json(const verdict::Watch& watch, const Moment& now)
{
    std::map<std::string, std::pair<std::size_t, std::uint64_t>> support;
    for (const auto& vote :
         sentinel::valid_votes(watch.ballots(), watch.subject().vote_ttl, now.steady)) {
        auto& [votes, epoch] = support[vote.address ? to_string(*vote.address) : "none"];
        ++votes;
        epoch = std::max(epoch, vote.config_epoch);
    }
    Json json = Json::array();
    for (const auto& [address, counted] : support)
        json.push_back(
            {{"address", address}, {"votes", counted.first}, {"highest_epoch", counted.second}});
    return json;
}

Json loss_json(const LossReport& loss, const Moment& now)
{
    const auto seen = [](const node::Info& info) {
        return Json{{"run_id", info.run_id.shown()}, {"offset", info.offset}, {"keys", info.keys}};
    };
    const auto& [before, after] = loss.restart;
    return {
        {"at", utc_text(now.date_of(loss.at))}, {"before", seen(before)}, {"after", seen(after)}};
}

std::string loss_warning(const NodeReport& node, const Moment& now)
{
    const auto& [before, after] = node.loss->restart;
    return node.server + " came back from a restart with less data at " +
           utc_text(now.date_of(node.loss->at)) +
           ", as the master: " + std::to_string(before.keys) + " keys before, " +
           std::to_string(after.keys) + " after";
}

Json node_json(const NodeReport& node, const verdict::Watch& watch, const Moment& now)
{
    constexpr std::array<std::string_view, 3> roles{"unknown", "master", "replica"};
    const auto* const probe = verdict::find_probe(watch.probes(), node.address);
    const bool fresh = probe && verdict::is_fresh(*probe, now.steady);
    Json json{{"server", node.server}, {"address", to_string(node.address)}, {"up", fresh}};
    if (!node.trouble.empty())
        json["trouble"] = node.trouble;
    if (node.loss)
        json["lost_data"] = loss_json(*node.loss, now);
    if (!probe || !probe->answered_at)
        return json;
    json["role"] = roles[static_cast<std::size_t>(probe->role)];
    json["age_ms"] = duration_cast<milliseconds>(now.steady - *probe->answered_at).count();
    json["loading"] = node.info.loading;
    json["offset"] = probe->offset;
    json["keys"] = node.info.keys;
    if (probe->role == verdict::Role::master)
        json["connected_replicas"] = node.info.connected_replicas;
    if (probe->role == verdict::Role::replica) {
        json["follows"] = node.info.master ? Json(to_string(*node.info.master)) : Json();
        json["link_up"] = node.info.master_link_up;
        json["lag_bytes"] = verdict::lag_of(watch, *probe);
    }
    return json;
}

Json change_json(const verdict::Change& change, const Moment& now)
{
    const auto place = [](const verdict::Verdict& verdict) {
        return verdict.address ? Json(to_string(*verdict.address)) : Json();
    };
    Json json{
        {"at", date_text(change.at, now)},
        {"from", {{"state", name_of(change.before.state)}, {"address", place(change.before)}}},
        {"to", {{"state", name_of(change.after.state)}, {"address", place(change.after)}}},
        {"open", change.after.open},
        {"epoch", change.after.epoch},
        {"reason", change.after.reason},
    };
    if (change.delay)
        json["took_ms"] = std::chrono::duration<double, std::milli>(*change.delay).count();
    return json;
}

Json failover_json(const verdict::Failover& failover, const Moment& now)
{
    const auto word_or_null = [](std::string_view word) {
        return word.empty() ? Json() : Json(word);
    };
    const auto moment = [&](const std::optional<verdict::TimePoint>& time) {
        return time ? Json(date_text(*time, now)) : Json();
    };
    Json phases = Json::object();
    for (std::size_t i = 0; i < verdict::phase_names.size(); ++i)
        phases[std::string(verdict::phase_names[i])] = moment(failover.phases[i]);
    return {
        {"cause", word_or_null(verdict::cause_of(failover))},
        {"from", word_or_null(failover.from)},
        {"to", word_or_null(failover.to)},
        {"from_address", to_string(failover.from_address)},
        {"to_address", failover.to_address ? Json(to_string(*failover.to_address)) : Json()},
        {"phases", std::move(phases)},
        {"ended", moment(failover.ended)},
        {"false_alarm", failover.false_alarm},
        {"lag_bytes", failover.lag ? Json(failover.lag->bytes) : Json()},
        {"lag_ms",
         failover.lag && failover.lag->age
             ? Json(duration_cast<milliseconds>(*failover.lag->age).count())
             : Json()},
    };
}

// What is answered to HAProxy, and what it rests on.
Json verdict_json(const verdict::Watch& watch)
{
    const auto& verdict = watch.verdict();
    return {
        {"name", watch.subject().name},
        {"state", verdict::name_of(verdict.state)},
        {"open", verdict.open},
        {"server", verdict.server.empty() ? Json() : Json(verdict.server)},
        {"address", verdict.address ? Json(to_string(*verdict.address)) : Json()},
        {"epoch", verdict.epoch},
        {"votes", verdict.votes},
    };
}

std::vector<std::string> addresses_of(std::span<const SentinelReport> sentinels)
{
    std::vector<std::string> addresses;
    for (const auto& sentinel : sentinels)
        addresses.push_back(sentinel.address);
    return addresses;
}

// What an operator should mend although the verdict may be fine.
std::vector<std::string> warnings_of(
    const NameReport& name, std::span<const SentinelReport> sentinels, const Moment& now)
{
    auto warnings = verdict::warnings_of(name.watch, addresses_of(sentinels), now.steady);
    for (const auto& node : name.nodes) {
        if (node.loss)
            warnings.push_back(loss_warning(node, now));
        if (!node.no_info.empty())
            warnings.push_back(
                node.server +
                " does not answer INFO, so nobody sees whether it loads or has lost its data: " +
                node.no_info);
    }
    return warnings;
}

// All that is wrong about the name beside its verdict, a sentence each; the worst first.
Json problems_json(
    const NameReport& name, std::span<const SentinelReport> sentinels, const Moment& now)
{
    Json problems = Json::array();
    if (name.delivery) {
        for (const auto& obstacle : name.delivery->obstacles)
            problems.push_back("undeliverable: " + obstacle);
        for (const auto* const list : {&name.delivery->troubles, &name.delivery->problems})
            for (const auto& problem : *list)
                problems.push_back(problem);
    }
    for (const auto& node : name.nodes)
        if (node.is_in_trouble())
            problems.push_back(
                "node " + node.server + " (" + to_string(node.address) +
                ") cannot be asked: " + node.trouble);
    for (auto& warning : warnings_of(name, sentinels, now))
        problems.push_back(std::move(warning));
    return problems;
}

Json name_json(const NameReport& name, std::span<const SentinelReport> sentinels, const Moment& now)
{
    const auto& watch = name.watch;
    const auto& verdict = watch.verdict();
    auto json = verdict_json(watch);
    json["majority"] = sentinel::majority_of(verdict.sentinels);
    json["sentinels"] = verdict.sentinels;
    json["reason"] = verdict.reason;
    json["rule"] = verdict.rule;
    json["since"] = date_text(watch.since(), now);
    json["waiting"] = name.waiting;
    json["deliverable"] = !name.delivery || !name.delivery->is_blocked();
    json["problems"] = problems_json(name, sentinels, now);
    Json votes = Json::array();
    for (std::size_t i = 0; i < sentinels.size(); ++i) {
        const auto first = sentinel::same_as(watch.ballots(), i);
        votes.push_back(vote_json(
            sentinels[i],
            watch.ballots()[i],
            first ? sentinels[*first].address : "",
            watch.subject().vote_ttl,
            now));
    }
    json["ballots"] = std::move(votes);
    return json;
}

std::string text_of(const Json& json)
{
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string line_of(const Json& json)
{
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string masters_json(
    std::span<const NameReport> names, std::span<const SentinelReport> sentinels, const Moment& now,
    std::span<const HaproxyReport> haproxies, std::span<const TwemproxyReport> twemproxies,
    const ReloadReport* reload)
{
    Json json{{"time", utc_text(now.system)}};
    json["sentinels"] = Json::array();
    for (const auto& sentinel : sentinels) {
        Json one{{"address", sentinel.address}, {"up", sentinel.up}};
        if (!sentinel.up)
            one["failure"] = sentinel.failure;
        if (!sentinel.flood.empty())
            one["flood"] = sentinel.flood;
        json["sentinels"].push_back(std::move(one));
    }
    json["masters"] = Json::array();
    for (const auto& name : names)
        json["masters"].push_back(name_json(name, sentinels, now));
    json["haproxy"] = haproxies_json(haproxies, {});
    json["twemproxy"] = twemproxies_json(twemproxies, {});
    if (reload) {
        json["reload"] = {
            {"ok", reload->failure.empty()}, {"at", utc_text(now.date_of(reload->at))}};
        if (!reload->failure.empty())
            json["reload"]["failure"] = reload->failure;
    }
    return text_of(json);
}

std::string master_json(
    const NameReport& name, std::span<const SentinelReport> sentinels, const Moment& now,
    std::span<const HaproxyReport> haproxies, std::span<const TwemproxyReport> twemproxies)
{
    const auto& watch = name.watch;
    auto json = name_json(name, sentinels, now);
    json["way_out"] = verdict::way_out(watch.verdict());
    json["support"] = support_json(watch, now);
    json["nodes"] = Json::array();
    for (const auto& node : name.nodes)
        json["nodes"].push_back(node_json(node, watch, now));
    if (name.replicas && watch.subject().replicas)
        json["reads"] = reads_json(*name.replicas, *watch.subject().replicas, now.steady);
    json["haproxy"] = haproxies_json(haproxies, watch.subject().name);
    json["twemproxy"] = twemproxies_json(twemproxies, watch.subject().name);
    json["warnings"] = warnings_of(name, sentinels, now);
    for (const auto& sentinel : sentinels)
        if (!sentinel.flood.empty())
            json["warnings"].push_back("Sentinel " + sentinel.address + ": " + sentinel.flood);
    json["changes"] = Json::array();
    for (const auto& change : watch.history())
        json["changes"].push_back(change_json(change, now));
    json["failovers"] = Json::array();
    if (name.failovers)
        std::for_each(name.failovers->rbegin(), name.failovers->rend(), [&](const auto& failover) {
            json["failovers"].push_back(failover_json(failover, now));
        });
    return text_of(json);
}

std::string master_event(
    const verdict::Watch& watch, const ServerWishes& servers, const DeliveryReport& delivery,
    const Moment& now, const ReadsNow* reads)
{
    const auto& verdict = watch.verdict();
    Json json{{"event", "master"}, {"time", utc_text(now.system)}};
    json.update(verdict_json(watch));
    json["sentinels"] = verdict.sentinels;
    json["reason"] = verdict.reason;
    json["since"] = date_text(watch.since(), now);
    json["wait"] = verdict::is_worth_waiting(verdict);
    json["deliverable"] = !delivery.is_blocked();
    put_wishes(json, servers);
    if (reads && watch.subject().replicas) {
        json["reads"] = read_targets_json(reads->replicas);
        json["replicas"] = read_event_json(*reads, *watch.subject().replicas);
    }
    return line_of(json);
}

std::string failover_event(
    std::string_view name, const verdict::Failover& failover, const Moment& now)
{
    Json json{{"event", "failover"}, {"time", utc_text(now.system)}, {"name", name}};
    json.update(failover_json(failover, now));
    return line_of(json);
}

std::string heartbeat_event(const Moment& now)
{
    return line_of({{"event", "heartbeat"}, {"time", utc_text(now.system)}});
}

}  // namespace spoa::telemetry
