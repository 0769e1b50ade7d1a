// What an agent asks its Sentinels, and hears from them.
#include "sentinel/reply_parser.hpp"
#include "simulation/agent.hpp"

namespace spoa::simulation {
namespace {

constexpr Time query_deadline = 250 * ms;
constexpr Time torn_retry = 5 * ms;
constexpr Time first_backoff = 100 * ms;
constexpr Time longest_backoff = 2 * second;

}  // namespace

bool Agent::reachable(const Entry& each) const
{
    const auto& target = world_.sentinels[static_cast<std::size_t>(each.target)];
    return target.alive && (target.cut_from_agents & (1U << static_cast<unsigned>(place_))) == 0 &&
           !world_.apart(place_, each.target);
}

void Agent::connect(int place)
{
    auto& each = entry(place);
    if (each.up)
        return;
    const auto now = timeline_.now();
    const auto& target = world_.sentinels[static_cast<std::size_t>(each.target)];
    if (!reachable(each) || !target.running(now)) {
        each.backoff = std::min(std::max(2 * each.backoff, first_backoff), longest_backoff);
        plan(now + each.backoff, What::connect, place, 0);
        return;
    }
    each.up = true;
    each.backoff = 0;
    ++each.generation;
    checker_.touch();
    plan(now + random_.between(200, 2'000), What::poll, place, each.generation);
}

void Agent::lose(int place)
{
    auto& each = entry(place);
    each.up = each.in_flight = each.urgent = false;
    ++each.generation;
    each.last.reset();
    each.backoff = std::min(std::max(2 * each.backoff, first_backoff), longest_backoff);
    checker_.lose(place);
    plan(timeline_.now() + each.backoff, What::connect, place, 0);
    perform(names_->on_sentinel_down(static_cast<std::size_t>(place), at(timeline_.now())));
}

void Agent::lose_link(int place)
{
    if (!entry(place).up || stopped_until_ > timeline_.now())
        return;
    journal_.note(timeline_.now(), "a", place_, " loses its connection to s", entry(place).target);
    lose(place);
}

// A full question where the last answer cannot be repeated, else MASTER alone.
void Agent::ask(int place)
{
    auto& each = entry(place);
    if (!each.up)
        return;
    if (each.in_flight) {
        each.urgent = true;
        return;
    }
    const auto now = timeline_.now();
    each.in_flight = true;
    each.urgent = false;
    ++each.question;
    each.asked_at = now;
    each.full = !each.last;
    each.part = each.full ? 0 : 1;
    each.apart = each.full && random_.chance(world_.setup().tearing);
    plan(now + random_.between(50, 2'500), What::serve, place, each.question);
}

// What the Sentinel's side does with a question. Answers may be read apart: nothing promises that
// one write is one read.
void Agent::serve(int place)
{
    auto& each = entry(place);
    const auto now = timeline_.now();
    const auto& target = world_.sentinels[static_cast<std::size_t>(each.target)];
    const auto deadline = each.asked_at + query_deadline;
    if (!target.alive) {
        plan(now + ms, What::timeout, place, each.question);
        return;
    }
    if (!reachable(each) || !target.running(now)) {
        const bool soon = reachable(each) && target.stopped_until < deadline;
        plan(
            soon ? target.stopped_until : deadline,
            soon ? What::serve : What::timeout,
            place,
            each.question);
        return;
    }
    const auto said = world_.ask(each.target);
    if (!each.apart) {
        each.said.fill(said);
        plan(now + random_.between(50, 2'500), What::answer, place, each.question);
        return;
    }
    each.said[static_cast<std::size_t>(each.part++)] = said;
    const bool more = each.part < 3;
    plan(
        now + (more ? random_.between(100, 40 * ms) : random_.between(50, 2'500)),
        more ? What::serve : What::answer,
        place,
        each.question);
}

void Agent::read_answer(int place)
{
    auto& each = entry(place);
    const auto now = timeline_.now();
    if (!reachable(each)) {
        plan(each.asked_at + query_deadline, What::timeout, place, each.question);
        return;
    }
    each.in_flight = false;
    const auto& [first, middle, last] = each.said;
    const auto timeout = world_.setup().failover_timeout;
    const auto asked_at = at(each.asked_at);
    auto answer =
        each.full ? sentinel::parse_vote(
                        replies_.address(0, first.get),
                        replies_.master(middle, timeout),
                        replies_.address(1, last.get),
                        asked_at)
                  : sentinel::repeat_vote(*each.last, replies_.master(middle, timeout), asked_at);
    if (auto* const vote = std::get_if<sentinel::Vote>(&answer)) {
        vote->sentinel_id = std::string(identity_text(middle.identity));
        vote->in_tilt = middle.tilt;
        each.last = *vote;
        checker_.cast(
            place,
            each.full ? first.get : node_of(vote->address),
            last.get,
            middle,
            each.asked_at,
            each.full);
        journal_.note(
            now,
            "a",
            place_,
            " <- s",
            each.target,
            ": ",
            vote->address ? vote->address->host : "nil",
            " epoch ",
            vote->config_epoch,
            vote->flags.s_down ? " s_down" : "",
            vote->flags.o_down ? " o_down" : "",
            vote->flags.promoting ? " promoting" : "");
        perform(
            names_->on_vote(static_cast<std::size_t>(place), watched, std::move(*vote), at(now)));
        if (each.urgent)
            ask(place);
        return;
    }
    // Torn: the vote before ages; the full question is next.
    each.last.reset();
    if (!each.full) {
        ask(place);
        return;
    }
    journal_.note(now, "a", place_, " <- s", each.target, ": torn");
    each.in_flight = true;  // pausing
    ++each.question;
    each.full = true;
    each.apart = random_.chance(world_.setup().tearing);
    each.part = 0;
    each.asked_at = now + torn_retry;
    plan(now + torn_retry + random_.between(50, 2'500), What::serve, place, each.question);
}

void Agent::on_published(int sentinel, int event, int node, int master)
{
    for (auto each = entries_.begin(); each != end_; ++each) {
        if (each->target != sentinel || !each->up || !reachable(*each))
            continue;
        // One connection keeps the order.
        each->heard_until =
            std::max(each->heard_until, timeline_.now() + random_.between(100, 2'000));
        timeline_.plan(
            each->heard_until,
            {.what = What::hear,
             .who = std::int8_t(place_),
             .whom = std::int8_t(each - entries_.begin()),
             .node = std::int8_t(node),
             .other = std::int8_t(master),
             .epoch = static_cast<std::uint64_t>(event),
             .current_epoch = each->generation});
    }
}

void Agent::hear(const Happening& happening)
{
    auto& each = entry(happening.whom);
    const auto now = timeline_.now();
    if (!each.up || each.generation != happening.current_epoch || !reachable(each))
        return;
    const auto& text = text_of(static_cast<int>(happening.epoch));
    const auto host = [](int node) { return node < 0 ? "r4" : endpoint_of(node).host.c_str(); };
    const char* const master = host(happening.other);
    const char* const node = host(happening.node);
    char payload[96];
    switch (text.layout) {
        case 'm': std::snprintf(payload, sizeof(payload), "master m %s 1", master); break;
        case 's':
            std::snprintf(payload, sizeof(payload), "slave %s:1 %s 1 @ m %s 1", node, node, master);
            break;
        case 'p':
            std::snprintf(payload, sizeof(payload), "sentinel aa s1 1 @ m %s 1", master);
            break;
        case 'w': std::snprintf(payload, sizeof(payload), "m %s 1 %s 1", master, node); break;
        default: std::snprintf(payload, sizeof(payload), "#tilt mode"); break;
    }
    const auto event = sentinel::parse_event(text.channel, payload);
    if (!event || event->master_name.empty())
        return;
    journal_.note(now, "a", place_, " hears s", each.target, ": ", text.channel, " ", payload);
    if (const auto name = names_->find(event->master_name))
        perform(names_->on_event(static_cast<std::size_t>(happening.whom), *name, *event, at(now)));
}

}  // namespace spoa::simulation
