// What befalls the model from outside, and what it answers.
#include "simulation/world.hpp"

#include <algorithm>

namespace spoa::simulation {
namespace {

constexpr std::uint32_t bit(int place)
{
    return 1U << static_cast<unsigned>(place);
}

constexpr std::size_t at_place(int place)
{
    return static_cast<std::size_t>(place);
}

constexpr std::array event_texts{
    EventText{"+sdown", 'm'},
    EventText{"-sdown", 'm'},
    EventText{"+odown", 'm'},
    EventText{"-odown", 'm'},
    EventText{"+try-failover", 'm'},
    EventText{"+elected-leader", 'm'},
    EventText{"+selected-slave", 's'},
    EventText{"+failover-state-send-slaveof-noone", 's'},
    EventText{"+failover-state-wait-promotion", 's'},
    EventText{"+promoted-slave", 's'},
    EventText{"+failover-end", 'm'},
    EventText{"+switch-master", 'w'},
    EventText{"+config-update-from", 'p'},
    EventText{"-failover-abort-not-elected", 'm'},
    EventText{"-failover-abort-no-good-slave", 'm'},
    EventText{"-failover-abort-slave-timeout", 'm'},
    EventText{"+reset-master", 'm'},
    EventText{"+monitor", 'm'},
    EventText{"-monitor", 'm'},
    EventText{"+tilt", 't'},
    EventText{"-tilt", 't'},
};

}  // namespace

const EventText& text_of(int event)
{
    return event_texts[at_place(event)];
}

World::World(const Setup& setup, Random& random, Timeline& timeline, Journal& journal)
    : setup_(setup), random_(random), timeline_(timeline), journal_(journal)
{
    const auto epoch = static_cast<std::uint64_t>(setup_.start_epoch);
    seen_down.fill(-10 * second);
    seen_promoting.fill(-100 * second);
    for (int i = 0; i < setup_.sentinels; ++i) {
        auto& each = sentinels[at_place(i)];
        each.identity = i;
        each.known = bit(setup_.sentinels) - 1;
        each.address = setup_.split_start ? random_.pick(nodes) : 0;
        each.config_epoch = each.current_epoch = epoch;
        each.files.fill({each.address, epoch, epoch});
        each.wrong_master_since.fill(never);
        each.next_hello = random_.between(0, 2 * second);
        timeline_.plan(random_.between(0, 100) * ms, {.what = What::tick, .who = std::int8_t(i)});
    }
    data[0].master = true;
    for (int node = 0; node < nodes; ++node)
        data[at_place(node)].process = node + 1;
    for (std::size_t i = 1; i < nodes; ++i)
        data[i].linked = true;
}

bool World::connected(int who, int other) const
{
    const auto& a = sentinels[at_place(who)];
    const auto& b = sentinels[at_place(other)];
    return a.alive && b.alive && !apart(who, other) &&
           ((a.cut_from_peers & bit(other)) | (b.cut_from_peers & bit(who))) == 0;
}

void World::publish(int who, int event, int node)
{
    if (subscriber)
        subscriber->on_published(who, event, node, sentinels[at_place(who)].address);
}

// The oldest file is kept for ever: the one somebody finds in a backup.
void World::save(int who)
{
    auto& me = sentinels[at_place(who)];
    std::shift_left(me.files.begin() + 1, me.files.end(), 1);
    me.files.back() = {
        me.state == Failover::reconf ? me.promoted : me.address, me.config_epoch, me.current_epoch};
}

void World::force_failover(int who)
{
    auto& me = sentinels[at_place(who)];
    if (!me.running(now()) || me.address == nowhere || me.leads())
        return;
    start_failover(who, true);
}

void World::reset(int who)
{
    auto& me = sentinels[at_place(who)];
    if (!me.running(now()) || me.address == nowhere)
        return;
    journal_.note(now(), "RESET on s", who);
    clear_failover(me);
    me.known = bit(me.identity);
    me.s_down = me.o_down = false;
    me.unreachable_since = never;
    begin_link(who);
    me.wrong_master_since.fill(never);
    changed_answer();
    publish(who, ev_reset_master);
}

void World::remove(int who)
{
    auto& me = sentinels[at_place(who)];
    if (!me.running(now()) || me.address == nowhere)
        return;
    journal_.note(now(), "REMOVE on s", who);
    publish(who, ev_unmonitor);
    clear_failover(me);
    me.s_down = me.o_down = false;
    me.address = nowhere;
    me.config_epoch = 0;
    changed_answer();
}

void World::monitor(int who, int node)
{
    auto& me = sentinels[at_place(who)];
    if (!me.running(now()))
        return;
    remove(who);
    journal_.note(now(), "MONITOR r", node + 1, " on s", who);
    me.address = node;
    me.known = bit(me.identity);
    me.unreachable_since = never;
    begin_link(who);
    me.wrong_master_since.fill(never);
    me.next_hello = now() + random_.between(0, 2 * second);
    save(who);
    changed_answer();
    publish(who, ev_monitor);
}

void World::kill(int who)
{
    journal_.note(now(), "s", who, " dies");
    auto& me = sentinels[at_place(who)];
    me.alive = false;
    clear_failover(me);
    touch();
}

void World::start(int who, int file, bool lost_config)
{
    auto& me = sentinels[at_place(who)];
    if (me.alive)
        kill(who);
    const auto& saved = me.files[me.files.size() - 1 - at_place(file)];
    me.alive = true;
    me.stopped_until = me.tilt_until = never;
    me.last_tick = now();
    me.address = saved.address;
    me.config_epoch = saved.config_epoch;
    me.current_epoch = saved.current_epoch;
    if (lost_config) {
        me.config_epoch = me.current_epoch = 0;
        me.address = setup_.split_start ? random_.pick(nodes) : me.files.front().address;
        me.leader_epoch = 0;
        if (next_identity_ < 31)
            me.identity = next_identity_++;
        me.known = 0;
    }
    me.known |= bit(me.identity);
    clear_failover(me);
    me.s_down = me.o_down = false;
    me.unreachable_since = never;
    begin_link(who);
    me.wrong_master_since.fill(never);
    me.next_hello = now() + random_.between(0, 200) * ms;
    journal_.note(
        now(),
        "s",
        who,
        " starts with r",
        me.address + 1,
        ", epoch ",
        me.config_epoch,
        lost_config ? ", a new identity" : "");
    changed_answer();
}

void World::stop(int who, Time until)
{
    auto& me = sentinels[at_place(who)];
    if (!me.alive)
        return;
    journal_.note(now(), "s", who, " is stopped for ", (until - now()) / ms, " ms");
    me.stopped_until = std::max(me.stopped_until, until);
    timeline_.plan(me.stopped_until, {.what = What::wake, .who = std::int8_t(who)});
    touch();
}

void World::wake(int who)
{
    if (sentinels[at_place(who)].running(now()))
        touch();
}

void World::set_lie(int who, Sentinel::Lie lie)
{
    auto& me = sentinels[at_place(who)];
    if (!me.honest())
        me.lied_until = now();
    if (me.lie == Sentinel::Lie::flaps)
        me.flapped_until = now();
    me.lie = lie;
    me.lie_seed = random_.next();
    const bool any = lie == Sentinel::Lie::constant || lie == Sentinel::Lie::each_time;
    me.clones_identity = any && random_.chance(20);
    two_faced = two_faced || lie == Sentinel::Lie::each_time || lie == Sentinel::Lie::flaps ||
                me.clones_identity;
    if (lie != Sentinel::Lie::none)
        ever_lied |= bit(who);
    journal_.note(
        now(),
        "s",
        who,
        lie == Sentinel::Lie::none    ? " is honest again"
        : lie == Sentinel::Lie::stuck ? " goes on to show a failover"
        : lie == Sentinel::Lie::flaps ? " flaps"
                                      : " lies");
    changed_answer();
}

void World::make_master(int node)
{
    auto& each = data[at_place(node)];
    if (!each.master)
        journal_.note(now(), "r", node + 1, " becomes a master");
    each.role_since = each.master ? each.role_since : now();
    each.master = true;
}

void World::make_replica(int node, int upstream)
{
    auto& each = data[at_place(node)];
    if (each.upstream != upstream)
        each.linked = false;
    each.upstream = upstream;
    if (!each.master)
        return;
    journal_.note(now(), "r", node + 1, " becomes a replica");
    each.master = false;
    each.role_since = now();
}

// A master that comes back is one still, until it is told otherwise.
void World::start_node(int node)
{
    auto& each = data[at_place(node)];
    journal_.note(now(), "r", node + 1, " is back", each.up ? "" : setup_.forgets ? ", empty" : "");
    advance_offsets();
    if (!each.up || each.foreign) {
        each.process = next_process_++;
        each.foreign = false;
        each.linked = false;
        if (setup_.forgets)
            each.offset = 0;
    }
    each.up = true;
    each.loading = false;
    each.stopped_until = never;
    each.cut_from_agents = each.cut_from_sentinels = 0;
    each.cut_from_nodes = false;
    each.role_since = each.cut_at = now();
}

void World::take_address(int node)
{
    advance_offsets();
    auto& each = data[at_place(node)];
    journal_.note(now(), "a master of somebody else has the address of r", node + 1);
    const int upstream = each.upstream;
    each = {};
    each.master = each.foreign = true;
    each.upstream = upstream;
    each.process = next_process_++;
    each.written_until = each.role_since = each.cut_at = now();
    touch();
}

void World::cut_host(int host, bool resets)
{
    journal_.note(now(), "host ", host, " is cut off", resets ? ", its connections end" : "");
    advance_offsets();
    cut_hosts |= bit(host);
    touch();
    for (int node = 0; resets && node < nodes; ++node)
        if (apart(node, data[at_place(node)].upstream))
            data[at_place(node)].linked = false;
}

void World::join_host(int host)
{
    journal_.note(now(), "host ", host, " is back");
    advance_offsets();
    cut_hosts &= ~bit(host);
    touch();
}

bool World::reaches_master(int node) const
{
    const auto& each = data[at_place(node)];
    const auto& source = data[at_place(each.upstream)];
    return !each.master && each.running(now()) && source.running(now()) && source.master &&
           !each.cut_from_nodes && !source.cut_from_nodes && !apart(node, each.upstream);
}

bool World::is_followed(int node) const
{
    for (int other = 0; other < nodes; ++other)
        if (data[at_place(other)].upstream == node && data[at_place(other)].linked &&
            reaches_master(other))
            return true;
    return false;
}

// Replicas have what their master had when they last saw it; masters are written to all the time.
void World::advance_offsets()
{
    for (auto& each : data)
        if (each.master) {
            const auto from = std::max(each.written_until, std::min(each.stopped_until, now()));
            if (each.running(now()))
                each.offset += static_cast<std::uint64_t>(now() - from) / 100;
            each.written_until = now();
        }
    constexpr Time acknowledge_period = second;
    for (int node = 0; node < nodes; ++node) {
        auto& each = data[at_place(node)];
        auto& source = data[at_place(each.upstream)];
        // A process that ends ends its connections; one that hears nothing keeps them.
        if (each.master || !each.up || !source.up || !source.master)
            each.linked = false;
        if (!reaches_master(node))
            continue;
        each.offset = source.offset;
        source.followed_at = now();
        if (!each.linked) {
            each.linked = true;
            each.acknowledged = 0;
            each.heard_at = now();
            each.next_acknowledgement = now() + acknowledge_period / 2;
        } else if (now() >= each.next_acknowledgement) {
            each.acknowledged = each.offset;
            each.heard_at = now();
            each.next_acknowledgement = now() + acknowledge_period;
        }
    }
}

bool World::all_agree() const
{
    const auto& first = sentinels[0];
    for (int i = 0; i < setup_.sentinels; ++i) {
        const auto& each = sentinels[at_place(i)];
        if (!each.running(now()) || each.address == nowhere || each.address == elsewhere ||
            each.address != first.address || each.config_epoch != first.config_epoch ||
            each.leads())
            return false;
    }
    return data[at_place(first.address)].master;
}

bool World::failover_running() const
{
    return std::any_of(
        sentinels.begin(), sentinels.begin() + setup_.sentinels, [](const Sentinel& each) {
            return each.leads();
        });
}

void World::heal()
{
    journal_.note(now(), "everything is mended");
    ambush = Ambush::none;
    slow_replica = other_choice = false;
    for (int node = 0; node < nodes; ++node) {
        const auto& each = data[at_place(node)];
        if (!each.running(now()) || each.cut_from_agents || each.cut_from_sentinels ||
            each.loading || each.cut_from_nodes || each.foreign)
            start_node(node);
    }
    for (int i = 0; i < setup_.sentinels; ++i) {
        auto& each = sentinels[at_place(i)];
        if (!each.alive)
            start(i, 0, false);
        each.stopped_until = each.tilt_until = never;
        each.last_tick = now();
        each.cut_from_agents = each.cut_from_peers = 0;
        each.cannot_resolve = false;
        if (!each.honest() && each.lie != Sentinel::Lie::stuck)
            set_lie(i, Sentinel::Lie::none);
        if (each.address == nowhere)
            monitor(i, each.files.back().address);
    }
    two_faced = false;
    for (int host = 0; host < max_sentinels; ++host)
        if ((cut_hosts & bit(host)) != 0)
            join_host(host);
    changed_answer();
}

// What only an operator can mend: Sentinels with one epoch and two addresses, or an address whose
// node is no master.
void World::mend()
{
    if (all_agree() || failover_running())
        return;
    const auto& first = sentinels[0];
    const bool one_address = std::all_of(
        sentinels.begin(), sentinels.begin() + setup_.sentinels, [&](const Sentinel& each) {
            return each.address == first.address && each.config_epoch == first.config_epoch;
        });
    if (one_address && first.address < nodes) {
        make_master(first.address);
        for (int node = 0; node < nodes; ++node)
            if (node != first.address)
                make_replica(node, first.address);
        return;
    }
    force_failover(random_.pick(setup_.sentinels));
}

Said World::ask(int who)
{
    const auto& me = sentinels[at_place(who)];
    Said said;
    said.get = me.current_address();
    said.master = me.address;
    said.config_epoch = me.config_epoch;
    said.run_id = me.run_id;
    said.disconnected =
        me.s_down || (me.address >= 0 && me.address < nodes && !data[at_place(me.address)].up);
    said.s_down = me.s_down;
    said.o_down = me.o_down;
    said.state = me.state;
    said.in_progress = me.leads();
    said.ping_sent = me.ping_sent == never ? 0 : now() - me.ping_sent;
    said.last_pong = now() - me.last_pong;
    said.known = std::popcount(me.known);
    said.tilt = me.in_tilt(now());
    said.identity = me.identity;
    if (me.honest())
        return said;

    said.honest = false;
    if (me.lie == Sentinel::Lie::stuck) {
        said.in_progress = true;
        said.state = Failover::wait_promotion;
        return said;
    }
    if (setup_.probed && me.lie != Sentinel::Lie::constant && random_.chance(50))
        said.run_id = random_.pick(next_process_ + 1);
    if (me.lie == Sentinel::Lie::flaps) {
        said.in_progress = random_.chance(60);
        said.state = said.in_progress ? static_cast<Failover>(random_.pick(6)) : Failover::none;
        said.s_down = random_.chance(20);
        said.o_down = said.s_down && random_.chance(50);
        if (random_.chance(15)) {
            said.get = said.master = random_.pick(nodes);
            said.config_epoch += random_.below(3);
        }
        return said;
    }
    // A lie: any address, any epoch, any flags; MASTER and GET need not agree.
    Random liar(me.lie == Sentinel::Lie::constant ? me.lie_seed : random_.next(), 1);
    if (liar.chance(70))
        said.get = liar.pick(nodes + 2) - 1;
    said.master = said.get == nowhere ? nowhere : liar.chance(80) ? said.get : liar.pick(nodes + 1);
    // Who goes on from an earlier answer is told by MASTER alone, who asks anew by both.
    two_faced = two_faced || said.get != said.master;
    constexpr std::uint64_t huge = 1'000'000'000;
    if (liar.chance(70))
        said.config_epoch = liar.chance(30) ? huge : liar.below(12);
    said.s_down = liar.chance(60);
    said.o_down = liar.chance(50);
    said.in_progress = liar.chance(30);
    said.state = said.in_progress ? static_cast<Failover>(liar.pick(6)) : Failover::none;
    said.disconnected = liar.chance(50);
    if (me.lie == Sentinel::Lie::constant)
        said.run_id = liar.pick(nodes + 2);
    said.ping_sent = liar.between(0, 2 * second);
    said.last_pong = 3 * second;
    if (me.clones_identity)
        said.identity = sentinels[at_place((who + 1) % setup_.sentinels)].identity;
    return said;
}

}  // namespace spoa::simulation
