// What Sentinels, data nodes and HAProxies say, as it comes in.
#include "daemon/change_log.hpp"
#include "daemon/control.hpp"
#include "telemetry/log.hpp"
#include "verdict/warnings.hpp"

#include <algorithm>
#include <utility>

namespace spoa::daemon {

using telemetry::write_repeating;
using Clock = std::chrono::steady_clock;

void Control::on_up(std::size_t sentinel)
{
    auto& report = sentinels_[sentinel];
    report.up = true;
    report.failure.clear();
    report.flood.clear();
    metrics_.sentinels().set_up(sentinel, true);
    write_repeating(LogLevel::info, "sentinel " + report.address + ": connected");
}

void Control::on_down(std::size_t sentinel, const net::LinkFailure& failure)
{
    auto& report = sentinels_[sentinel];
    const bool news = report.up || report.failure != failure.reason;
    report.up = false;
    report.failure = failure.reason;
    metrics_.sentinels().set_up(sentinel, false);
    write_repeating(
        news ? LogLevel::warning : LogLevel::debug,
        "sentinel " + report.address + ": no vote from it",
        {{"reason", failure.reason}, {"retry", failure.permanent ? "seldom" : "soon"}});
    perform(names_.on_sentinel_down(sentinel, Clock::now()));
}

void Control::on_vote(std::size_t sentinel, std::size_t name, sentinel::Vote vote)
{
    if (!names_.at(name).in_use)
        return;
    auto& peers = peers_[name];
    peers.refusals.erase(sentinels_[sentinel].address);
    if (awaits_look_up(name, vote.address)) {
        peers.looked_up = false;
        return;  // it is asked again as soon as that is over
    }
    const auto& servers = names_.at(name).watch.subject().servers;
    if (vote.address) {
        peers.announced_by_address = ip_version(vote.address->host) != IpVersion::none;
        vote.address = node_of(name, *vote.address);
        if (std::ranges::count(servers, *vote.address, &config::Server::address) == 0)
            look_up_servers(name);
    }
    for (auto& replica : vote.unseen)
        replica.address = node_of(name, replica.address);
    // One that is not ours keeps the name by which an operator knows it.
    for (auto& address : vote.promotable)
        if (auto node = node_of(name, address);
            std::ranges::count(servers, node, &config::Server::address) > 0)
            address = std::move(node);
    note_announced(name, vote);
    tell_same_sentinel(sentinel, vote.sentinel_id);
    perform(names_.on_vote(sentinel, name, std::move(vote), Clock::now()));
}

// A Sentinel has said who it is: once for each that says so who is listed as another.
void Control::tell_same_sentinel(std::size_t sentinel, const PeerText& id)
{
    auto& report = sentinels_[sentinel];
    if (report.id == id)
        return;
    report.id = id;
    for (const auto& other : sentinels_)
        if (&other != &report && !id.empty() && other.id == id)
            write_repeating(
                LogLevel::warning,
                other.address + " and " + report.address +
                    " are the same Sentinel, and its vote counts once: list it once, or give a "
                    "cloned one a myid of its own");
}

// Before one of them is master, and nothing can be named. Each once.
void Control::tell_unmapped(std::size_t name)
{
    constexpr std::size_t most = 20;  // whatever the Sentinels say
    auto& told = peers_[name].unmapped;
    const auto& master_name = text_of(name);
    const auto& unmapped = names_.at(name).unmapped;
    metrics_.names().set_unmapped_replicas(name, unmapped.size());
    for (const auto& address : unmapped)
        if (told.size() < most && told.insert(address).second)
            write_repeating(
                LogLevel::warning,
                master_name + ": the Sentinels may promote " + to_string(address) +
                    ", a replica that no entry of servers: maps",
                {{"name", master_name}});
}

void Control::on_no_vote(std::size_t sentinel, std::size_t name, const sentinel::Refused& refused)
{
    if (!names_.at(name).in_use)
        return;
    auto& last = peers_[name].refusals[sentinels_[sentinel].address];
    if (last != refused.text)
        write_repeating(
            LogLevel::warning,
            "sentinel " + sentinels_[sentinel].address + ": no vote from it for " + text_of(name),
            {{"reason", refused.text}});
    last = refused.text;
    perform(names_.on_no_vote(sentinel, name, Clock::now()));
}

void Control::on_no_replicas(
    std::size_t sentinel, std::size_t name, const sentinel::Refused& refused)
{
    if (!names_.at(name).in_use)
        return;
    const auto& subject = names_.at(name).watch.subject();
    const auto who = "sentinel " + sentinels_[sentinel].address + ": ";
    if (subject.replicas)
        write_repeating(
            LogLevel::warning,
            who + "does not tell which replicas of " + subject.name + " it sees (docs/security.md)",
            {{"reason", refused.text}});
    else
        write_repeating(
            LogLevel::info,
            who +
                "does not tell which replicas there are; one that no entry of servers: maps is "
                "noticed only as the master (docs/security.md)",
            {{"reason", refused.text}});
}

void Control::on_no_password(std::size_t sentinel)
{
    write_repeating(
        LogLevel::warning,
        "sentinel " + sentinels_[sentinel].address +
            ": asks for no password, so whoever reaches it can change the master; it is asked "
            "without (docs/security.md)");
}

void Control::on_event(std::size_t sentinel, const sentinel::Event& event)
{
    const auto name = names_.find(event.master_name);
    if (!name)
        return;  // a name that only others watch, or an event without one
    write_repeating(
        LogLevel::debug,
        "sentinel " + sentinels_[sentinel].address + ": event " + std::string(event.channel),
        {{"name", event.master_name}});

    auto resolved = event;
    for (auto* const endpoint : {&resolved.node, &resolved.master})
        if (*endpoint)
            *endpoint = node_of(*name, **endpoint);
    perform(names_.on_event(sentinel, *name, resolved, Clock::now()));
}

void Control::on_flood(std::size_t sentinel, std::chrono::milliseconds pause)
{
    auto& report = sentinels_[sentinel];
    const auto seconds = std::to_string((pause.count() + 999) / 1000);
    report.flood = "it floods the agent with events, which are not heard for " + seconds +
                   " s; it is asked as before";
    metrics_.sentinels().count_flood(sentinel);
    write_repeating(
        LogLevel::warning,
        "sentinel " + report.address + ": floods the agent with events",
        {{"reason", "its events are not heard for " + seconds + " s; it is asked as before"}});
}

void Control::on_flood_over(std::size_t sentinel)
{
    sentinels_[sentinel].flood.clear();
    write_repeating(
        LogLevel::info,
        "sentinel " + sentinels_[sentinel].address + ": its events are heard again");
}

void Control::on_answer_time(std::size_t sentinel, std::chrono::nanoseconds took)
{
    metrics_.sentinels().observe_query(sentinel, took);
}

void Control::on_probe(std::size_t name, std::size_t node, const verdict::Probe& probe)
{
    const auto now = Clock::now();
    const auto& watch = names_.at(name).watch;
    auto resolved = probe;
    if (resolved.follows)
        resolved.follows = node_of(name, *resolved.follows);
    resolved.elsewhere = is_elsewhere(name, node, resolved);
    metrics_.nodes().set_absent(
        name, node, probe.silent_since && !probe.answered_at && is_absent(name, node));
    metrics_.nodes().set_up(name, node, !probe.silent_since);
    metrics_.nodes().set_lag(name, node, verdict::lag_of(watch, resolved));
    const auto effects = names_.on_probe(name, std::move(resolved), now);
    metrics_.names().set_masters_claimed(name, verdict::nodes_claiming_master(watch.probes(), now));
    perform(effects);
}

// A HAProxy was asked or told something about this name.
void Control::on_haproxy(std::size_t name)
{
    if (!names_.at(name).in_use)
        return;
    perform(names_.on_haproxy(
        name, fences_.misplaced(name, false), fences_.misplaced(name, true), Clock::now()));
    if (look_at_delivery(name))
        events_.changed(name, true);
}

void Control::on_info(std::size_t name, std::size_t node, const node::Info& info)
{
    auto& peers = peers_[name];
    peers.nodes[node].info = info;
    metrics_.nodes().set_loading(name, node, info.loading);
    if (peers.moved.contains(peers.nodes[node].server))
        return;  // what a stranger has tells nothing of the node
    if (const auto restart = peers.restarts[node].take(info))
        on_restart(name, node, *restart);
}

// A master that lost its data and is back before the Sentinels missed it stays master, and its
// replicas copy what it has: no verdict can mend that, so it is said as loudly as can be.
void Control::on_restart(std::size_t name, std::size_t node, const node::Restart& restart)
{
    const auto& watch = names_.at(name).watch;
    auto& report = peers_[name].nodes[node];
    const bool emptied = restart.has_less() && watch.verdict().address == report.address;
    metrics_.nodes().count_restart(name, node, emptied);
    log_restart(text_of(name), report.server, restart, emptied);
    if (emptied)
        report.loss = {restart, Clock::now()};
}

void Control::on_no_info(std::size_t name, std::size_t node, const std::string& reason)
{
    auto& report = peers_[name].nodes[node];
    if (std::exchange(report.no_info, reason) == reason || reason.empty())
        return;
    write_repeating(
        LogLevel::warning,
        "node " + report.server + " (" + to_string(report.address) +
            "): does not answer INFO, so nobody sees whether it loads or has lost its data "
            "(docs/security.md)",
        {{"name", text_of(name)}, {"reason", reason}});
}

void Control::on_trouble(std::size_t name, std::size_t node, const std::string& trouble)
{
    auto& report = peers_[name].nodes[node];
    const auto reason =
        !trouble.empty() && is_absent(name, node) ? std::string(telemetry::not_there_yet) : trouble;
    if (report.trouble == reason)
        return;
    const bool first_answer = reason.empty() && report.trouble == telemetry::not_asked_yet;
    const bool was_in_trouble = report.is_in_trouble();
    report.trouble = reason;
    if (first_answer)
        return;
    write_repeating(
        report.is_in_trouble() ? LogLevel::warning : LogLevel::info,
        "node " + report.server + " (" + to_string(report.address) + "): " +
            (!reason.empty()  ? "cannot be asked"
             : was_in_trouble ? "answers again"
                              : "answers"),
        {{"name", text_of(name)}, {"reason", reason}});
}

}  // namespace spoa::daemon
