// What befalls the model. Each misfortune may end by itself, else by the healing.
#include "simulation/schedule.hpp"

#include <algorithm>

namespace spoa::simulation {

void Schedule::undo_later(Time delay, std::uint64_t what, int who, int other)
{
    timeline_.plan(
        timeline_.now() + delay,
        {.what = What::undo, .who = std::int8_t(who), .whom = std::int8_t(other), .epoch = what});
}

void Schedule::act()
{
    if (setup_.probed && setup_.duplicate_of < 0 && random_.chance(5)) {
        leave_two_masters();
        return;
    }
    if (setup_.probed && random_.chance(20)) {
        cut_a_host();
        return;
    }
    if (setup_.probed && random_.chance(10)) {
        give_an_address_away();
        return;
    }
    const int which = random_.pick(100);
    if (which < 62)
        act_on_sentinels(which);
    else if (which < 86)
        act_on_nodes(which - 62);
    else
        act_on_agents(which - 86);
}

void Schedule::act_on_sentinels(int which)
{
    const auto now = timeline_.now();
    const int count = setup_.sentinels;
    const int who = random_.pick(count);
    auto& sentinel = world_.sentinels[static_cast<std::size_t>(who)];
    const auto some_time = [&] {
        return random_.between(100, random_.chance(30) ? 8'000 : 2'500) * ms;
    };
    if (which < 8) {
        world_.force_failover(who);
    } else if (which < 12) {  // at once on two or more: leaders of one epoch
        world_.other_choice = random_.chance(70);
        for (int i = 0; i < count; ++i)
            if (i == who || random_.chance(50))
                world_.force_failover(i);
    } else if (which < 18) {  // something happens to a leader around its promotion
        world_.ambush = static_cast<Ambush>(1 + random_.pick(3));
        world_.ambush_delay = random_.between(0, random_.chance(60) ? 80 : 1'500) * ms;
        world_.force_failover(who);
    } else if (which < 21) {
        for (int i = 0; i < count; ++i)
            if (i == who || random_.chance(20))
                world_.reset(i);
    } else if (which < 25) {
        world_.monitor(
            who, random_.chance(30) ? random_.pick(nodes) : world_.sentinels[0].files[0].address);
    } else if (which < 28) {
        world_.remove(who);
        undo_later(some_time(), monitor_again, who, random_.pick(nodes));
    } else if (which < 31) {  // everywhere, one after the other
        const int node =
            random_.chance(60) ? random_.pick(nodes) : world_.sentinels[0].files[0].address;
        const Time step = random_.between(0, 30) * ms;
        for (int i = 0; i < count; ++i)
            undo_later(i * step, monitor_again, i, node);
    } else if (which < 37) {
        world_.kill(who);
        const int how = random_.pick(10);
        undo_later(
            random_.chance(30) ? 20 * ms : some_time(),
            how < 5   ? start_newest
            : how < 8 ? start_oldest
                      : start_lost,
            who);
    } else if (which < 40) {  // a deployment restored from a backup, or a majority of it
        for (int i = 0; i < count; ++i)
            if (i != who || random_.chance(50)) {
                world_.kill(i);
                undo_later(
                    random_.between(10, 400) * ms,
                    random_.chance(80) ? start_oldest : start_lost,
                    i);
            }
    } else if (which < 45) {
        world_.stop(who, now + some_time());
    } else if (which < 47) {
        world_.enter_tilt(who);
    } else if (which < 51) {
        journal_.note(now, "s", who, " is cut off from its peers");
        sentinel.cut_from_peers = ~0U;
        undo_later(some_time(), join_peers, who);
    } else if (which < 55) {
        journal_.note(now, "s", who, " is cut off from agents");
        sentinel.cut_from_agents |= random_.chance(50) ? ~0U : 1U;
        ++world_.version;
        undo_later(some_time(), join_agents, who);
    } else if (which < 60) {  // fewer than a majority
        const int most = (count - 1) / 2;
        const auto lie = random_.chance(40)   ? Sentinel::Lie::constant
                         : random_.chance(40) ? Sentinel::Lie::each_time
                                              : Sentinel::Lie::flaps;
        for (int i = 0; i < count && liars() < most; ++i)
            if (world_.sentinels[static_cast<std::size_t>((who + i) % count)].honest())
                world_.set_lie((who + i) % count, lie);
        if (random_.chance(50))
            undo_later(some_time(), be_honest, who);
    } else if (which < 61) {
        if (liars() < (count - 1) / 2 && sentinel.honest())
            world_.set_lie(who, Sentinel::Lie::stuck);
    } else {
        sentinel.cannot_resolve = true;
        undo_later(some_time(), resolve, who);
    }
}

int Schedule::liars() const
{
    return static_cast<int>(std::ranges::count_if(
        world_.sentinels, [](const Sentinel& each) { return !each.honest(); }));
}

// The leader is RESET after it made a replica a master, and before it knows: nobody announces the
// promotion, and nobody can undo it.
void Schedule::leave_two_masters()
{
    world_.cannot_demote = true;
    world_.ambush = Ambush::forget;
    world_.ambush_delay = random_.between(0, 300) * ms;
    world_.force_failover(random_.pick(setup_.sentinels));
}

// Mostly the master's, where an agent may be too.
void Schedule::cut_a_host()
{
    const int named = world_.sentinels[0].current_address();
    const int host =
        random_.chance(75) && named >= 0 && named < nodes ? named : random_.pick(setup_.sentinels);
    world_.cut_host(host, random_.chance(30));
    undo_later(random_.between(100, random_.chance(60) ? 9'000 : 2'500) * ms, join_host, host);
}

// Mostly the master's, and mostly sooner than the Sentinels see that it is down.
void Schedule::give_an_address_away()
{
    const int named = world_.sentinels[0].current_address();
    const int node =
        random_.chance(85) && named >= 0 && named < nodes ? named : random_.pick(nodes);
    journal_.note(timeline_.now(), "r", node + 1, " ends, and its address is given away");
    world_.data[static_cast<std::size_t>(node)].up = false;
    ++world_.version;
    undo_later(random_.between(0, random_.chance(70) ? 400 : 4'000) * ms, address_taken, node);
    if (random_.chance(50))
        undo_later(random_.between(1'000, 12'000) * ms, node_back, node);
}

void Schedule::act_on_nodes(int which)
{
    const auto now = timeline_.now();
    // Mostly the master.
    const int named = world_.sentinels[0].current_address();
    const int node =
        random_.chance(75) && named >= 0 && named < nodes ? named : random_.pick(nodes);
    auto& each = world_.data[static_cast<std::size_t>(node)];
    const auto some_time = [&] {
        return random_.between(100, random_.chance(40) ? 9'000 : 2'500) * ms;
    };
    ++world_.version;
    world_.slow_replica = random_.chance(5);
    if (which < 9) {
        journal_.note(now, "r", node + 1, " dies");
        each.up = false;
        undo_later(some_time(), node_back, node);
    } else if (which < 14) {
        journal_.note(now, "r", node + 1, " is stopped");
        each.stopped_until = now + some_time();
        each.role_since = now;
    } else if (which < 20) {
        journal_.note(now, "r", node + 1, " is cut off from Sentinels and nodes");
        each.cut_from_sentinels =
            random_.chance(70) ? ~0U : static_cast<std::uint32_t>(random_.below(31));
        each.cut_from_nodes = random_.chance(70);
        each.cut_from_agents = random_.chance(30) ? ~0U : 0;
        each.cut_at = now;
        undo_later(some_time(), node_back, node);
    } else {
        journal_.note(now, "r", node + 1, " loads its data");
        each.loading = true;
        each.role_since = now;
        undo_later(some_time(), node_back, node);
    }
}

void Schedule::act_on_agents(int which)
{
    auto& agent = agents_[random_.below(agents_.size())];
    if (which < 5)
        agent.stop(timeline_.now() + random_.between(50, random_.chance(50) ? 1'400 : 5'000) * ms);
    else if (which < 10)
        agent.lose_link(random_.pick(setup_.sentinels));
    else
        agent.restart(random_.chance(50));
}

void Schedule::undo(const Happening& happening)
{
    const int who = happening.who;
    auto& sentinel = world_.sentinels[static_cast<std::size_t>(who)];
    switch (happening.epoch) {
        case start_newest: world_.start(who, 0, false); break;
        case start_oldest: world_.start(who, 3, false); break;
        case start_lost: world_.start(who, 3, true); break;
        case join_peers: sentinel.cut_from_peers = 0; break;
        case join_agents:
            sentinel.cut_from_agents = 0;
            ++world_.version;
            break;
        case join_host: world_.join_host(who); break;
        case node_back: world_.start_node(who); break;
        case address_taken: world_.take_address(who); break;
        case resolve: sentinel.cannot_resolve = false; break;
        case be_honest: world_.set_lie(who, Sentinel::Lie::none); break;
        case monitor_again: world_.monitor(who, happening.whom); break;
        case kill_leader:
            world_.kill(who);
            if (random_.chance(70))
                undo_later(random_.between(100, 4'000) * ms, start_newest, who);
            break;
        case reset_leader: world_.reset(who); break;
        case stop_leader:
            world_.stop(who, timeline_.now() + random_.between(300, 3'000) * ms);
            break;
        default: break;
    }
}

}  // namespace spoa::simulation
