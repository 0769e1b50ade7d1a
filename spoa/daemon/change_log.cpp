#include "daemon/change_log.hpp"

#include "telemetry/log.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace spoa::daemon {
namespace {

using verdict::Change;
using verdict::Verdict;

// Of a name's changes in ten seconds, without those that move it: a failover has three or four.
constexpr std::uint64_t most_changes = 20;

std::string milliseconds_text(std::chrono::steady_clock::duration duration)
{
    std::array<char, 32> text{};
    std::snprintf(
        text.data(),
        text.size(),
        "%.1fms",
        std::chrono::duration<double, std::milli>(duration).count());
    return text.data();
}

// `R1 (10.0.0.1:6379)`, the address alone where no server has it.
std::string place_text(const std::string& server, const Endpoint& address)
{
    return server.empty() ? to_string(address) : server + " (" + to_string(address) + ")";
}

// The same, or `none`.
std::string master_text(const Verdict& verdict)
{
    if (!verdict.address)
        return "none";
    return place_text(verdict.server, *verdict.address);
}

// What a person on call must see; the rest, as a vote more or less, is for debugging.
LogLevel level_of(const Change& change)
{
    const auto& [before, after, at, delay] = change;
    const bool unmapped = before.state != after.state && after.state == verdict::State::unmapped;
    if ((before.open && !after.open) || unmapped)
        return LogLevel::error;
    // A typing mistake, mostly: nothing will mend it but an operator.
    if (before.state != after.state && after.state == verdict::State::unknown_name)
        return LogLevel::error;
    // `degraded` comes and goes with every start and switch; a Sentinel that is lost has its own
    // line.
    if (before.state != after.state && after.state > verdict::State::degraded)
        return LogLevel::warning;
    return change.notable() ? LogLevel::info : LogLevel::debug;
}

}  // namespace

void log_change(const std::string& name, const Change& change)
{
    const auto& [before, after, at, delay] = change;
    const auto move = before.address == after.address
                          ? "master " + master_text(after)
                          : "master " + master_text(before) + " -> " + master_text(after);
    const auto state = before.state == after.state ? std::string(name_of(after.state))
                                                   : std::string(name_of(before.state)) + "->" +
                                                         std::string(name_of(after.state));
    telemetry::write_repeating(
        level_of(change),
        name + ": " + move,
        {{"name", name},
         {"state", state},
         {"traffic", after.open ? "open" : "refused"},
         {"epoch", std::to_string(after.epoch)},
         {"votes", std::to_string(after.votes) + "/" + std::to_string(after.sentinels)},
         {"took", delay ? milliseconds_text(*delay) : ""},
         {"reason", after.reason}},
        most_changes);
}

void log_delivery(
    const std::string& name, const telemetry::DeliveryReport& before,
    const telemetry::DeliveryReport& after)
{
    const auto is_new = [](const std::vector<std::string>& known, const std::string& sentence) {
        return std::ranges::count(known, sentence) == 0;
    };
    for (const auto& obstacle : after.obstacles)
        if (is_new(before.obstacles, obstacle))
            telemetry::write_repeating(
                LogLevel::error, name + ": undeliverable", {{"name", name}, {"reason", obstacle}});
    for (const auto& problem : after.problems)
        if (is_new(before.problems, problem) && is_new(before.obstacles, problem))
            telemetry::write_repeating(LogLevel::warning, problem, {{"name", name}});
    if (before.is_blocked() && !after.is_blocked())
        telemetry::write_repeating(
            LogLevel::info, name + ": every HAProxy delivers again", {{"name", name}});
}

void log_restart(
    const std::string& name, const std::string& server, const node::Restart& restart, bool emptied)
{
    const auto& [before, after] = restart;
    const auto change = [](std::uint64_t from, std::uint64_t to) {
        return std::to_string(from) + " -> " + std::to_string(to);
    };
    telemetry::write_repeating(
        emptied ? LogLevel::error : LogLevel::info,
        name + ": " + server +
            (emptied ? " is the master and came back from a restart with less data, which its "
                       "replicas copy; stop it and restore, see docs/guarantees.md"
                     : " was restarted"),
        {{"keys", change(before.keys, after.keys)},
         {"offset", change(before.offset, after.offset)},
         {"run_id", before.run_id.shown() + " -> " + after.run_id.shown()}});
}

void log_failover(
    const std::string& name, const verdict::Failover& failover, const telemetry::Moment& now)
{
    using verdict::Phase;
    const auto moment = [&](Phase phase) {
        const auto& time = failover.at(phase);
        return time ? telemetry::utc_text(now.date_of(*time)) : "";
    };
    // Where the master did not move there is none; else a lag that is not known is no lag of 0.
    const auto lag_text = [&](const std::string& measured) {
        return measured.empty() && failover.to_address ? "not measured" : measured;
    };
    const auto from = place_text(failover.from, failover.from_address);
    const auto& lag = failover.lag;
    const bool lacked = lag && lag->bytes > 0;
    telemetry::write_repeating(
        lacked ? LogLevel::warning : LogLevel::info,
        name +
            (failover.false_alarm
                 ? ": doubt about " + from + " is over, it stays the master"
                 : ": failover from " + from +
                       (failover.to_address ? " to " + place_text(failover.to, *failover.to_address)
                                            : "") +
                       (lacked ? ", which lacks " + std::to_string(lag->bytes) + " bytes at least"
                               : "")),
        {{"name", name},
         {"cause", std::string(verdict::cause_of(failover))},
         {"doubt", moment(Phase::doubt)},
         {"o_down", moment(Phase::o_down)},
         {"majority", moment(Phase::majority)},
         {"verdict", moment(Phase::verdict)},
         {"sessions_ended", moment(Phase::sessions_ended)},
         {"first_session", moment(Phase::first_session)},
         {"lag_bytes", lag_text(lag ? std::to_string(lag->bytes) : "")},
         {"lag", lag_text(lag && lag->age ? milliseconds_text(*lag->age) : "")}});
}

}  // namespace spoa::daemon
