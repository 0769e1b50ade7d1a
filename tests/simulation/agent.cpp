#include "simulation/agent.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace spoa::simulation {
namespace {

constexpr Time poll_period = 500 * ms;
constexpr Time probe_period = 200 * ms;

// Where nodes are probed, reads are judged too; what is not there counts as a server that is
// silent.
verdict::Subject subject_of(const verdict::Policy& policy, const Setup& setup)
{
    verdict::Subject subject;
    subject.name = "m";
    subject.policy = policy;
    if (!setup.probed)
        return subject;
    subject.replicas.emplace();
    for (int node = 0; node <= nodes; ++node)
        subject.servers.push_back({endpoint_of(node).host, endpoint_of(node)});
    return subject;
}

// What the list of a master says of its replicas.
void list_replicas(verdict::Probe& probe, const World& world, int node)
{
    probe.replicas.clear();
    probe.least_lag.reset();
    for (int other = 0; other < nodes; ++other) {
        const auto& each = world.data[static_cast<std::size_t>(other)];
        if (other == node || each.upstream != node || !each.linked)
            continue;
        probe.replicas.push_back({endpoint_of(other), each.acknowledged});
        const auto lag = static_cast<std::uint64_t>((world.now() - each.heard_at) / second);
        probe.least_lag = std::min(probe.least_lag.value_or(lag), lag);
    }
}

}  // namespace

Agent::Agent(
    int place, World& world, Random& random, Timeline& timeline, Journal& journal, Replies& replies)
    : place_(place),
      world_(world),
      random_(random),
      timeline_(timeline),
      journal_(journal),
      checker_(place, world, journal),
      replies_(replies)
{
    const auto& setup = world.setup();
    if (random.chance(10))
        policy_.no_quorum = verdict::NoQuorum::refuse;
    else if (random.chance(10))
        policy_.no_quorum_hold = std::chrono::seconds(3);
    if (random.chance(5))
        policy_.odown = policy_.switching = policy_.isolated = verdict::InDoubt::keep;
    const auto sentinels = static_cast<std::size_t>(setup.sentinels);
    watch_.emplace(subject_of(policy_, setup), sentinels, at(0));
    for (int node = 0; node < nodes; ++node)
        probes_[static_cast<std::size_t>(node)].address = endpoint_of(node);
    for (int i = 0; i < setup.sentinels; ++i) {
        entry(i).target = i;
        plan(random.between(0, 20) * ms, What::connect, i, 0);
    }
    if (setup.duplicate_of >= 0)
        entry(setup.sentinels - 1).target = setup.duplicate_of;
    end_ = entries_.begin() + setup.sentinels;
    checker_.start(*watch_);
    plan(random.between(20, 120) * ms, What::review, 0, 0);
    if (setup.probed)
        plan(random.between(0, 50) * ms, What::probe, 0, 0);
}

void Agent::plan(Time when, What what, int whom, std::uint64_t epoch)
{
    timeline_.plan(
        when,
        {.what = what, .who = std::int8_t(place_), .whom = std::int8_t(whom), .epoch = epoch});
}

void Agent::handle(const Happening& happening)
{
    const auto now = timeline_.now();
    if (happening.what == What::serve) {
        if (entry(happening.whom).in_flight && entry(happening.whom).question == happening.epoch)
            serve(happening.whom);
        return;
    }
    if (stopped_until_ > now) {
        const auto after = happening.what == What::hear ? 500 : random_.between(0, 1'000);
        timeline_.plan(stopped_until_ + after, happening);
        return;
    }
    const int whom = happening.whom;
    switch (happening.what) {
        case What::connect: connect(whom); break;
        case What::poll:
            if (entry(whom).up && entry(whom).generation == happening.epoch) {
                ask(whom);
                plan(
                    now + poll_period + random_.between(-50, 50) * ms,
                    What::poll,
                    whom,
                    happening.epoch);
            }
            break;
        case What::answer:
            if (entry(whom).in_flight && entry(whom).question == happening.epoch)
                read_answer(whom);
            break;
        case What::timeout:
            if (entry(whom).in_flight && entry(whom).question == happening.epoch) {
                journal_.note(now, "a", place_, ": s", entry(whom).target, " does not answer");
                lose(whom);
            }
            break;
        case What::hear: hear(happening); break;
        case What::review:
            review();
            plan(now + review_period_, What::review, 0, 0);
            break;
        case What::look: review(); break;
        case What::probe:
            probe();
            if (happening.epoch == 0)
                plan(now + probe_period, What::probe, 0, 0);
            break;
        case What::rouse: rouse(); break;
        default: break;
    }
}

void Agent::probe()
{
    world_.advance_offsets();
    for (int node = 0; node < nodes; ++node)
        ask_node(node);
    review();
}

void Agent::ask_node(int place)
{
    constexpr auto info_period = std::chrono::seconds(1);
    const auto now = timeline_.now();
    const auto& node = world_.data[static_cast<std::size_t>(place)];
    auto& probe = probes_[static_cast<std::size_t>(place)];
    const bool cut = (node.cut_from_agents & (1U << static_cast<unsigned>(place_))) != 0 ||
                     world_.apart(place_, place);
    if (node.running(now) && !cut) {
        // Each process is another connection, whose first answer comes with INFO.
        const RunId run_id(run_id_text(node.process));
        const bool connects = probe.run_id != run_id || probe.silent_since;
        const bool informs = connects || at(now) - *probe.informed_at >= info_period;
        probe.role = node.master ? verdict::Role::master : verdict::Role::replica;
        probe.loading = node.loading;
        probe.offset = node.master || node.linked ? node.offset : 0;
        probe.answered_at = at(now);
        probe.silent_since.reset();
        probe.refused = false;
        probe.follows.reset();
        probe.link = verdict::Link::none;
        if (!node.master) {
            probe.follows = endpoint_of(node.upstream);
            probe.link = node.linked ? verdict::Link::up : verdict::Link::none;
        }
        const auto lag = probe.least_lag;
        list_replicas(probe, world_, node.master ? place : nowhere);
        if (informs) {
            probe.informed_at = at(now);
            probe.run_id = run_id;
        } else {
            probe.least_lag = lag;
        }
        checker_.hear_node(place, probe, now);
    } else {
        if (!probe.silent_since)
            probe.silent_since = at(now);
        probe.refused = probe.refused || (!node.up && !cut);
        checker_.miss_node(place, probe.refused, now);
    }
    watch_->examine(probe);
}

void Agent::stop(Time until)
{
    const auto now = timeline_.now();
    if (stopped_until_ > now)
        return;
    journal_.note(now, "a", place_, " is stopped for ", (until - now) / ms, " ms");
    stopped_from_ = now;
    stopped_until_ = until;
    checker_.pause(until + 2 * ms);
    plan(until + random_.between(0, 1'500), What::rouse, 0, 0);
}

// As the program's own clock finds out: all votes are void after a stop of more than vote_ttl.
void Agent::rouse()
{
    if (timeline_.now() - stopped_from_ <= vote_ttl)
        return;
    journal_.note(timeline_.now(), "a", place_, " forgets all votes");
    watch_->forget(at(timeline_.now()));
    checker_.forget();
    for (int i = 0; i < world_.setup().sentinels; ++i)
        ask(i);
    review();
}

void Agent::restart(bool with_state)
{
    const auto now = timeline_.now();
    if (stopped_until_ > now)
        return;
    const auto standing = watch_->standing();
    journal_.note(now, "a", place_, " restarts", with_state ? " with what it remembers" : "");
    watch_.emplace(
        subject_of(policy_, world_.setup()),
        static_cast<std::size_t>(world_.setup().sentinels),
        at(now));
    reads_ = {};
    for (int node = 0; node < nodes; ++node) {
        probes_[static_cast<std::size_t>(node)] = {};
        probes_[static_cast<std::size_t>(node)].address = endpoint_of(node);
    }
    if (with_state && standing.current)
        watch_->restore(*standing.current, standing.high_water, at(now));
    for (int i = 0; i < world_.setup().sentinels; ++i) {
        auto& each = entry(i);
        each.up = each.in_flight = each.urgent = false;
        ++each.generation;
        each.last.reset();
        each.backoff = 0;
        plan(now + random_.between(0, 20) * ms, What::connect, i, 0);
    }
    checker_.start(*watch_);
    review();
}

void Agent::review()
{
    const auto now = timeline_.now();
    const bool changed = watch_->review(at(now)).has_value();
    if (changed) {
        const auto& verdict = watch_->verdict();
        journal_.note(
            now,
            "a",
            place_,
            " says ",
            name_of(verdict.state),
            " ",
            verdict.address ? verdict.address->host : "none",
            verdict.open ? " open" : " closed",
            ", epoch ",
            verdict.epoch,
            ", ",
            verdict.votes,
            " votes; ",
            verdict.rule,
            verdict.reason.empty() ? "" : "; ",
            verdict.reason);
    }
    if (world_.setup().probed) {
        reads_.review(*watch_, at(now));
        checker_.check_reads(reads_);
    }
    if (checker_.check(*watch_, now) && world_.setup().probed)
        plan(now + random_.between(200, 2'000), What::probe, 0, 1);
    if (const auto look = watch_->look_again(); look && changed)
        plan(
            std::chrono::duration_cast<std::chrono::microseconds>(*look - at(0)).count() + 1,
            What::look,
            0,
            0);
}

}  // namespace spoa::simulation
