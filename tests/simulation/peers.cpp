// What Sentinels tell each other: votes for a leader, and hellos.
#include "simulation/world.hpp"

namespace spoa::simulation {
namespace {

constexpr Time hello_period = 2 * second;
constexpr Time desync = second;  // SENTINEL_MAX_DESYNC

constexpr std::uint32_t bit(int place)
{
    return 1U << static_cast<unsigned>(place);
}

constexpr std::size_t at_place(int place)
{
    return static_cast<std::size_t>(place);
}

}  // namespace

// sentinelVoteLeader, of one that still has the address as a master
void World::take_vote_request(const Happening& request)
{
    auto& me = sentinels[at_place(request.whom)];
    if (!me.alive || !connected(request.who, request.whom))
        return;
    if (!me.running(now())) {
        timeline_.plan(me.stopped_until + ms, request);
        return;
    }
    if (me.address != request.node)
        return;
    me.current_epoch = std::max(me.current_epoch, request.epoch);
    if (me.leader_epoch >= request.epoch || me.current_epoch > request.epoch)
        return;
    me.leader_epoch = request.epoch;
    me.leader = request.other;
    me.last_attempt = now() + random_.between(0, desync);
}

int World::votes_for_me(int who) const
{
    const auto& me = sentinels[at_place(who)];
    int votes = 0;
    for (int i = 0; i < setup_.sentinels; ++i) {
        const auto& peer = sentinels[at_place(i)];
        votes += (i == who || connected(who, i)) && peer.leader == me.identity &&
                         peer.leader_epoch == me.failover_epoch
                     ? 1
                     : 0;
    }
    return votes;
}

void World::send_hello(int who)
{
    auto& me = sentinels[at_place(who)];
    me.next_hello = now() + hello_period;
    for (int i = 0; i < setup_.sentinels; ++i)
        if (i != who && connected(who, i))
            timeline_.plan(
                now() + random_.between(200, 5'000),
                {.what = What::hello,
                 .who = std::int8_t(who),
                 .whom = std::int8_t(i),
                 .node = std::int8_t(me.current_address()),
                 .other = std::int8_t(me.identity),
                 .epoch = me.config_epoch,
                 .current_epoch = me.current_epoch});
}

// sentinelProcessHelloMessage: the highest epoch from anyone wins.
void World::take_hello(const Happening& hello)
{
    auto& me = sentinels[at_place(hello.whom)];
    if (!me.alive || me.address == nowhere)
        return;
    if (!me.running(now())) {
        timeline_.plan(me.stopped_until + ms, hello);
        return;
    }
    me.known |= bit(hello.other);
    me.current_epoch = std::max(me.current_epoch, hello.current_epoch);
    if (hello.epoch <= me.config_epoch)
        return;
    me.config_epoch = hello.epoch;
    touch();
    if (hello.node == me.address)
        return;
    if (me.cannot_resolve) {
        journal_.note(
            now(),
            "s",
            int(hello.whom),
            " cannot resolve r",
            hello.node + 1,
            ", takes epoch ",
            hello.epoch);
        return;
    }
    publish(hello.whom, ev_config_update_from);
    switch_to(hello.whom, hello.node);
}

}  // namespace spoa::simulation
