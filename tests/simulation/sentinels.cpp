// The timer of a Sentinel: what it sees of its master, and its failover.
#include "simulation/world.hpp"

#include <algorithm>

namespace spoa::simulation {
namespace {

constexpr Time info_period = second;  // during a failover
constexpr Time master_info_period = 10 * second;
constexpr Time tilt_trigger = 2 * second;
constexpr Time tilt_period = 30 * second;
constexpr Time desync = second;              // SENTINEL_MAX_DESYNC
constexpr Time convert_delay = 10 * second;  // +convert-to-slave
constexpr Time role_grace = 20 * second;     // a master that says slave becomes s_down

constexpr std::uint32_t bit(int place)
{
    return 1U << static_cast<unsigned>(place);
}

constexpr std::size_t at_place(int place)
{
    return static_cast<std::size_t>(place);
}

}  // namespace

void World::tick(int who)
{
    auto& me = sentinels[at_place(who)];
    timeline_.plan(
        now() + random_.between(52, 107) * ms, {.what = What::tick, .who = std::int8_t(who)});
    if (!me.running(now()))
        return;
    if (now() - me.last_tick > tilt_trigger)
        enter_tilt(who);
    me.last_tick = now();
    if (me.tilt_until != never && me.tilt_until <= now()) {
        me.tilt_over_at = now();
        me.tilt_until = never;
        publish(who, ev_tilt_over);
    }
    if (me.address == nowhere)
        return;
    if (me.lie == Sentinel::Lie::flaps)
        flap(who);
    if (now() >= me.next_hello)
        send_hello(who);
    if (me.promoting() && me.current_address() == me.address)
        note_promotion(who);
    ping_master(who);
    ask_info(who);
    if (me.in_tilt(now()))
        return;
    look_at_master(who);
    count_o_down(who);
    demote_wrong_masters(who);
    step_failover(who);
    if (me.address == nowhere || me.current_address() != me.address)
        return;
    if (me.s_down && me.honest())
        seen_down[at_place(me.address)] = now();
    if (me.promoting())
        note_promotion(who);
}

// What it publishes between two ticks, and nothing of it is so.
void World::flap(int who)
{
    constexpr std::array events{
        ev_send_noone,
        ev_wait_promotion,
        ev_abort_not_elected,
        ev_abort_slave_timeout,
        ev_promoted_slave,
        ev_switch_master,
        ev_odown,
        ev_odown_over};
    const auto& me = sentinels[at_place(who)];
    for (int i = random_.pick(4); i > 0; --i) {
        const auto event = events[random_.below(events.size())];
        publish(who, event, text_of(event).layout == 'm' ? nowhere : (me.address + 1) % nodes);
    }
}

// For the checks: who was about to replace an address, and when last.
void World::note_promotion(int who)
{
    const auto place = at_place(sentinels[at_place(who)].address);
    if (now() - seen_promoting[place] > 2 * setup_.failover_timeout + 5 * second)
        promoters[place] = 0;
    promoters[place] |= bit(who);
    seen_promoting[place] = now();
}

void World::enter_tilt(int who)
{
    auto& me = sentinels[at_place(who)];
    if (me.in_tilt(now()))
        return;
    me.tilt_until = now() + tilt_period;
    journal_.note(now(), "s", who, " enters TILT");
    publish(who, ev_tilt);
}

bool World::sees(int who, int node) const
{
    return node >= 0 && node < nodes && data[at_place(node)].running(now()) &&
           (data[at_place(node)].cut_from_sentinels & bit(who)) == 0 && !apart(who, node);
}

// sentinelResetMaster: the last PING and the last PONG become this moment, whether one was sent or
// not.
void World::begin_link(int who)
{
    auto& me = sentinels[at_place(who)];
    me.ping_sent = me.last_pong = now();
    me.linked_at = setup_.probed ? now() + random_.between(0, second) : now();
    me.run_id = nowhere;
    me.info_at = never;
}

// sentinelSendPeriodicCommands, sentinelRefreshInstanceInfo: whoever is at the address is the
// master from then on.
void World::ask_info(int who)
{
    auto& me = sentinels[at_place(who)];
    if (now() < me.linked_at || !sees(who, me.address) ||
        (me.info_at != never && now() - me.info_at <= master_info_period))
        return;
    me.info_at = now();
    me.run_id = data[at_place(me.address)].process;
}

void World::ping_master(int who)
{
    auto& me = sentinels[at_place(who)];
    const Time ping_period = std::min(second, setup_.down_after);
    const bool answers = sees(who, me.address);
    if (!answers && me.address >= 0)
        me.unseen_at[at_place(me.address)] = now();
    if (now() < me.linked_at || (me.ping_sent == never && now() - me.last_pong < ping_period))
        return;
    if (answers) {
        me.last_pong = now();
        me.ping_sent = never;
    } else if (me.ping_sent == never) {
        me.ping_sent = now();
    }
}

// sentinelCheckSubjectivelyDown
void World::look_at_master(int who)
{
    auto& me = sentinels[at_place(who)];
    const bool answers = sees(who, me.address);
    if (answers)
        me.unreachable_since = never;
    else if (me.unreachable_since == never)
        me.unreachable_since = now();

    bool down = !answers && now() - me.unreachable_since > setup_.down_after;
    if (answers && !data[at_place(me.address)].master && me.state == Failover::none)
        down = now() - data[at_place(me.address)].role_since > setup_.down_after + role_grace;
    if (down == me.s_down)
        return;
    me.s_down = down;
    publish(who, down ? ev_sdown : ev_sdown_over);
}

// sentinelCheckObjectivelyDown; the peers' word is taken at this moment instead of once a second.
void World::count_o_down(int who)
{
    auto& me = sentinels[at_place(who)];
    int agree = 0;
    for (int i = 0; me.s_down && i < setup_.sentinels; ++i) {
        const auto& peer = sentinels[at_place(i)];
        agree += i == who || (connected(who, i) && peer.running(now()) && !peer.in_tilt(now()) &&
                              peer.address == me.address && peer.s_down)
                     ? 1
                     : 0;
    }
    const bool down = me.s_down && agree >= setup_.quorum;
    if (down != me.o_down) {
        me.o_down = down;
        publish(who, down ? ev_odown : ev_odown_over);
    }
    if (down && !me.leads() && now() - me.last_attempt > 2 * setup_.failover_timeout)
        start_failover(who, false);
}

void World::start_failover(int who, bool forced)
{
    auto& me = sentinels[at_place(who)];
    me.failover_epoch = ++me.current_epoch;
    me.forced = forced;
    me.failover_started = me.state_since = now();
    me.last_attempt = now() + random_.between(0, desync);
    me.state = Failover::wait_start;
    me.step_at = now() + random_.between(0, 5) * ms;
    me.promoted = nowhere;
    touch();
    journal_.note(
        now(), "s", who, forced ? " FAILOVER" : " tries a failover", ", epoch ", me.failover_epoch);
    publish(who, ev_try_failover);
    if (forced)
        return;
    if (me.leader_epoch < me.failover_epoch) {
        me.leader_epoch = me.failover_epoch;
        me.leader = me.identity;
    }
    for (int i = 0; i < setup_.sentinels; ++i)
        if (i != who && connected(who, i))
            timeline_.plan(
                now() + random_.between(1, 30) * ms,
                {.what = What::vote_request,
                 .who = std::int8_t(who),
                 .whom = std::int8_t(i),
                 .node = std::int8_t(me.address),
                 .other = std::int8_t(me.identity),
                 .epoch = me.failover_epoch});
}

int World::select_replica(int who)
{
    const auto& me = sentinels[at_place(who)];
    std::array<int, nodes> found{};
    int count = 0;
    for (int node = 0; node < nodes; ++node)
        if (node != me.address && sees(who, node))
            found[at_place(count++)] = node;
    if (count == 0)
        return nowhere;
    return found[at_place(other_choice ? random_.pick(count) : 0)];
}

// One step a tick: sentinelFailoverStateMachine.
void World::step_failover(int who)
{
    auto& me = sentinels[at_place(who)];
    if (!me.leads() || now() < me.step_at)
        return;
    const auto go = [&](Failover next) {
        me.state = next;
        me.state_since = now();
        touch();
    };
    const bool late = now() - me.state_since > setup_.failover_timeout;
    switch (me.state) {
        case Failover::none: break;
        case Failover::wait_start: {
            const int needed = std::max(std::popcount(me.known) / 2 + 1, setup_.quorum);
            if (me.forced || votes_for_me(who) >= needed) {
                journal_.note(now(), "s", who, " is the leader of epoch ", me.failover_epoch);
                publish(who, ev_elected_leader);
                go(Failover::select);
            } else if (
                now() - me.failover_started > std::min(10 * second, setup_.failover_timeout)) {
                abort(who, ev_abort_not_elected);
            }
            break;
        }
        case Failover::select:
            me.promoted = select_replica(who);
            if (me.promoted == nowhere) {
                abort(who, ev_abort_no_good_slave);
                break;
            }
            go(Failover::send_noone);
            publish(who, ev_selected_slave, me.promoted);
            publish(who, ev_send_noone, me.promoted);
            break;
        case Failover::send_noone:
            if (sees(who, me.promoted)) {
                make_master(me.promoted);
                go(Failover::wait_promotion);
                me.step_at = now() + random_.between(0, info_period);
                publish(who, ev_wait_promotion, me.promoted);
                if (ambush == Ambush::forget ||
                    (ambush == Ambush::kill && ambush_delay < info_period)) {
                    timeline_.plan(
                        now() + ambush_delay,
                        {.what = What::undo,
                         .who = std::int8_t(who),
                         .epoch = ambush == Ambush::kill ? 100U : 101U});
                    ambush = Ambush::none;
                }
            } else if (late) {
                abort(who, ev_abort_slave_timeout);
            }
            break;
        case Failover::wait_promotion:
            if (sees(who, me.promoted) && data[at_place(me.promoted)].master)
                become_promoted(who);
            else if (late)
                abort(who, ev_abort_slave_timeout);
            break;
        case Failover::reconf: finish(who); break;
    }
}

// The promoted replica said that it is master: from now on, and only here, GET answers it.
void World::become_promoted(int who)
{
    auto& me = sentinels[at_place(who)];
    me.config_epoch = me.failover_epoch;
    me.state = Failover::reconf;
    me.state_since = now();
    me.step_at = now() + (slow_replica ? setup_.failover_timeout : random_.between(50, 1'300) * ms);
    me.next_hello = now();  // sentinelForceHelloUpdateForMaster: at the next tick
    changed_answer();
    save(who);
    journal_.note(
        now(),
        "s",
        who,
        " knows that r",
        me.promoted + 1,
        " was promoted, epoch ",
        me.config_epoch);
    publish(who, ev_promoted_slave, me.promoted);
    for (int node = 0; node < nodes; ++node)
        if (node != me.promoted && node != me.address && sees(who, node))
            make_replica(node, me.promoted);
    if (ambush != Ambush::none) {
        const std::uint64_t which = ambush == Ambush::kill    ? 100
                                    : ambush == Ambush::reset ? 101
                                                              : 102;
        timeline_.plan(
            now() + ambush_delay, {.what = What::undo, .who = std::int8_t(who), .epoch = which});
        ambush = Ambush::none;
    }
}

// sentinelFailoverSwitchToPromotedSlave
void World::finish(int who)
{
    auto& me = sentinels[at_place(who)];
    const int promoted = me.promoted;
    publish(who, ev_failover_end);
    switch_to(who, promoted);
}

void World::abort(int who, int event)
{
    auto& me = sentinels[at_place(who)];
    journal_.note(now(), "s", who, " aborts its failover: ", text_of(event).channel);
    publish(who, event);
    clear_failover(me);
    touch();
}

void World::clear_failover(Sentinel& sentinel)
{
    if (sentinel.leads())
        sentinel.state_since = now();
    sentinel.state = Failover::none;
    sentinel.promoted = nowhere;
    sentinel.forced = false;
}

// sentinelResetMasterAndChangeAddress
void World::switch_to(int who, int node)
{
    auto& me = sentinels[at_place(who)];
    publish(who, ev_switch_master, node);
    clear_failover(me);
    me.address = node;
    me.s_down = me.o_down = false;
    me.unreachable_since = never;
    begin_link(who);
    me.wrong_master_since.fill(never);
    save(who);
    changed_answer();
    journal_.note(now(), "s", who, " now names r", node + 1, ", epoch ", me.config_epoch);
}

// A node that says master beside a sane master is made a replica, late: +convert-to-slave.
void World::demote_wrong_masters(int who)
{
    auto& me = sentinels[at_place(who)];
    const bool sane = sees(who, me.address) && data[at_place(me.address)].master && !me.s_down;
    for (int node = 0; node < nodes; ++node) {
        auto& since = me.wrong_master_since[at_place(node)];
        const bool wrong = sane && !cannot_demote && !me.leads() && node != me.address &&
                           sees(who, node) && data[at_place(node)].master;
        if (!wrong)
            since = never;
        else if (since == never)
            since = now();
        else if (now() - since > convert_delay)
            make_replica(node, me.address);
    }
}

}  // namespace spoa::simulation
