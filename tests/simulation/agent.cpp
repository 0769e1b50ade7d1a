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
verdict::Subject subject_of(const char* name, const verdict::Policy& policy, const Setup& setup)
{
    verdict::Subject subject;
    subject.name = name;
    subject.policy = policy;
    for (int i = 0; i < setup.sentinels; ++i)
        subject.sentinels.push_back("s" + std::to_string(i));
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
    configure();
    for (int node = 0; node < nodes; ++node)
        probes_[static_cast<std::size_t>(node)].address = endpoint_of(node);
    checker_.start(watch());
    effects_checker_.start(*names_);
    for (int i = 0; i < setup.sentinels; ++i) {
        entry(i).target = i;
        plan(random.between(0, 20) * ms, What::connect, i, 0);
    }
    if (setup.duplicate_of >= 0)
        entry(setup.sentinels - 1).target = setup.duplicate_of;
    end_ = entries_.begin() + setup.sentinels;
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
            perform(names_->review(at(now)));
            plan(now + review_period_, What::review, 0, 0);
            break;
        case What::look: perform(names_->look(at(now))); break;
        case What::turn: perform(names_->on_haproxy(watched, {}, {}, at(now))); break;
        case What::probe:
            probe();
            if (happening.epoch == 0)
                plan(now + probe_period, What::probe, 0, 0);
            break;
        case What::rouse: perform(names_->review(at(now))); break;
        default: break;
    }
}

void Agent::probe()
{
    world_.advance_offsets();
    for (int node = 0; node < nodes; ++node)
        ask_node(node);
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
    perform(names_->on_probe(watched, probe, at(now)));
}

void Agent::stop(Time until)
{
    const auto now = timeline_.now();
    if (stopped_until_ > now)
        return;
    journal_.note(now, "a", place_, " is stopped for ", (until - now) / ms, " ms");
    stopped_until_ = until;
    must_forget_ = until - now > vote_ttl;
    checker_.pause(until + 2 * ms);
    plan(until + random_.between(0, 1'500), What::rouse, 0, 0);
}

void Agent::configure()
{
    const auto& setup = world_.setup();
    names_.emplace(static_cast<const monitor::Surroundings&>(*this), at(timeline_.now()));
    const std::vector<std::optional<std::size_t>> sentinels(
        static_cast<std::size_t>(setup.sentinels));
    names_->configure(
        {subject_of("unknown", policy_, setup), subject_of("m", policy_, setup)},
        sentinels,
        std::chrono::milliseconds(vote_ttl / ms),
        at(timeline_.now()));
    wanted_ = names_->at(watched).wishes;
    ready_at_.clear();
    look_at_.reset();
}

void Agent::restart(bool with_state)
{
    const auto now = timeline_.now();
    if (stopped_until_ > now)
        return;
    journal_.note(now, "a", place_, " restarts", with_state ? " with what it remembers" : "");
    for (int node = 0; node < nodes; ++node) {
        probes_[static_cast<std::size_t>(node)] = {};
        probes_[static_cast<std::size_t>(node)].address = endpoint_of(node);
    }
    const auto saved = effects_checker_.saved();
    configure();
    if (with_state)
        names_->restore(saved, at(now));
    for (int i = 0; i < world_.setup().sentinels; ++i) {
        auto& each = entry(i);
        each.up = each.in_flight = each.urgent = false;
        ++each.generation;
        each.last.reset();
        each.backoff = 0;
        plan(now + random_.between(0, 20) * ms, What::connect, i, 0);
    }
    checker_.start(watch());
    effects_checker_.start(*names_);
    perform(names_->review(at(now)));
}

// The driver: what daemon/control does, in the agent's own books.
void Agent::perform(const monitor::Effects& effects)
{
    const auto now = timeline_.now();
    if (must_forget_ && effects.at == at(now) && !effects.forgotten)
        throw Violation{"forgets", "an agent judges by votes of before it was stopped"};
    if (effects.forgotten) {
        must_forget_ = false;
        journal_.note(now, "a", place_, " forgets all votes");
        checker_.forget();
    }
    effects_checker_.perform(effects, *names_, now);
    effects_checker_.check(*names_, now);
    for (const auto& [name, change] : effects.changes)
        if (name == watched)
            note(change.after);
    turn_haproxy();
    for (const auto& question : effects.questions)
        ask(question);
    if (effects.at == at(now)) {
        if (world_.setup().probed)
            checker_.check_reads(names_->at(watched).replicas);
        checker_.check(watch(), now);
    }
    if (const auto look = names_->at(watched).look_again(); look && look != look_at_)
        plan(
            std::chrono::duration_cast<std::chrono::microseconds>(*look - at(0)).count() + 1,
            What::look,
            0,
            0);
    look_at_ = names_->at(watched).look_again();
}

void Agent::note(const verdict::Verdict& verdict)
{
    journal_.note(
        timeline_.now(),
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

void Agent::ask(const monitor::Question& question)
{
    using Whom = monitor::Question::Whom;
    if (question.name != watched)
        return;
    if (question.whom == Whom::sentinel)
        ask(static_cast<int>(question.sentinel));
    if (question.whom == Whom::everybody)
        for (int i = 0; i < world_.setup().sentinels; ++i)
            ask(i);
    const bool asks_nodes = question.whom == Whom::everybody || question.whom == Whom::nodes;
    if (asks_nodes && world_.setup().probed)
        plan(timeline_.now() + random_.between(200, 2'000), What::probe, 0, 1);
}

// HAProxy hears of another wish at once, and is ready some time after.
void Agent::turn_haproxy()
{
    using haproxy_api::Wish;
    const auto& wishes = names_->at(watched).wishes;
    if (wishes == wanted_)
        return;
    for (const auto& [server, wish] : wishes) {
        const auto before = wanted_.find(server);
        const bool was_out = before != wanted_.end() && before->second == Wish::maint;
        if (wish != Wish::ready || !was_out)
            continue;
        ready_at_[server] = timeline_.now() + random_.between(1, 30) * ms;
        plan(ready_at_[server], What::turn, 0, 0);
    }
    wanted_ = wishes;
}

haproxy_api::Readiness Agent::readiness(std::size_t, const std::string& server) const
{
    const auto ready = ready_at_.find(server);
    return ready != ready_at_.end() && timeline_.now() < ready->second
               ? haproxy_api::Readiness::not_yet
               : haproxy_api::Readiness::ready;
}

}  // namespace spoa::simulation
