#include "simulation/schedule.hpp"

#include <algorithm>

namespace spoa::simulation {
namespace {

constexpr Time mend_period = 2'500 * ms;  // longer than a hello period
// A word that wears out after 2 x failover-timeout, ten seconds of calm after it, and connecting.
constexpr Time settle_bound = 35 * second;
constexpr Time longest_healing = 90 * second;
// The votes for one of two addresses are gone after vote_ttl, and seen to be gone at a review.
constexpr Time divergence_bound = vote_ttl + 100 * ms;

}  // namespace

Schedule::Schedule(
    const Request& request, std::uint64_t number, Timeline& timeline, Replies& replies,
    Journal& journal)
    : timeline_((timeline.clear(), timeline)),
      journal_(journal),
      random_(request.seed, number),
      setup_(draw_setup(request)),
      world_(setup_, random_, timeline_, journal)
{
    for (int i = 0; i < setup_.agents; ++i)
        agents_.emplace_back(i, world_, random_, timeline_, journal_, replies);
    world_.subscriber = this;
    plan_actions();
}

Setup Schedule::draw_setup(const Request& request)
{
    Setup setup;
    setup.sentinels = request.sentinels;
    setup.agents = random_.chance(40) ? 2 : 1;
    setup.quorum = random_.chance(15) ? 1 + random_.pick(setup.sentinels) : setup.sentinels / 2 + 1;
    setup.down_after = random_.between(200, 800) * ms;
    setup.failover_timeout = (random_.chance(50) ? 3 : 10) * second;
    setup.probed = random_.chance(20);
    setup.forgets = setup.probed && random_.chance(50);
    setup.start_epoch = random_.chance(20) ? 0 : random_.pick(8);
    setup.split_start = random_.chance(3);
    if (random_.chance(6))
        setup.duplicate_of = random_.pick(setup.sentinels - 1);
    return setup;
}

// Most schedules are short: a fault or two, and the healing. Some are long enough for every hold.
void Schedule::plan_actions()
{
    const int size = random_.pick(100);
    const int count = size < 88   ? 1 + random_.pick(3)
                      : size < 98 ? 3 + random_.pick(6)
                                  : 8 + random_.pick(18);
    const Time length = size < 88   ? random_.between(300, 2'500) * ms
                        : size < 98 ? random_.between(6, 20) * second
                                    : random_.between(30, 100) * second;
    const Time first = 300 * ms;
    for (int i = 0; i < count; ++i)
        timeline_.plan(first + random_.between(0, length), {.what = What::act});
    heal_at_ = first + length + random_.between(200, 2'500) * ms;
    timeline_.plan(heal_at_, {.what = What::heal});
}

void Schedule::run(Figures& figures)
{
    for (;;) {
        const auto happening = timeline_.take();
        ++figures.happenings;
        dispatch(happening);
        check_agents();
        if (healed_ && (happening.what == What::answer || happening.what == What::review) &&
            is_settled())
            break;
    }
    figures.virtual_ms += static_cast<std::uint64_t>(timeline_.now() / ms);
    for (const auto& agent : agents_)
        figures.switches += agent.watch().history().size();
}

void Schedule::dispatch(const Happening& happening)
{
    switch (happening.what) {
        case What::tick: world_.tick(happening.who); return;
        case What::hello: world_.take_hello(happening); return;
        case What::vote_request: world_.take_vote_request(happening); return;
        case What::wake: world_.wake(happening.who); return;
        case What::act:
            if (!healed_)
                act();
            return;
        case What::undo:
            if (!healed_)
                undo(happening);
            return;
        case What::heal:
            healed_ = true;
            world_.heal();
            timeline_.plan(timeline_.now() + mend_period, {.what = What::mend});
            return;
        case What::mend:
            world_.mend();
            timeline_.plan(timeline_.now() + mend_period, {.what = What::mend});
            return;
        default: agents_[static_cast<std::size_t>(happening.who)].handle(happening); return;
    }
}

void Schedule::on_published(int sentinel, int event, int node, int master)
{
    for (auto& agent : agents_)
        agent.on_published(sentinel, event, node, master);
}

// 2: two agents do not send clients to two addresses, both by the word of a majority, for longer
// than the votes of a member that changed its answer can live. Two majorities share a member; its
// old answer is void vote_ttl after it changed. So the clock starts anew whenever an honest
// Sentinel's answer changes, and a Sentinel that tells each agent something else is excepted.
void Schedule::check_agents()
{
    if (agents_.size() < 2)
        return;
    const int first = agents_[0].checker().served();
    const int second_ = agents_[1].checker().served();
    const auto now = timeline_.now();
    // A stopped agent answers nobody.
    const auto stopped = std::max(agents_[0].stopped_until(), agents_[1].stopped_until());
    if (first == second_ || first == nowhere || second_ == nowhere || world_.two_faced ||
        stopped + 10 * ms > now) {
        diverged_since_ = never;
        return;
    }
    if (diverged_since_ == never)
        diverged_since_ = now;
    if (now - std::max(diverged_since_, world_.answers_changed) > divergence_bound)
        throw Violation{
            "one-address", "two agents send clients to two addresses by the word of a majority"};
}

// 5: after everything was mended, each agent is open, in a state that says so, in bounded time.
bool Schedule::is_settled()
{
    const auto now = timeline_.now();
    if (!world_.all_agree())
        agreed_since_ = never;
    else if (agreed_since_ == never)
        agreed_since_ = now;
    const int address = world_.sentinels[0].address;
    const bool fine = std::all_of(agents_.begin(), agents_.end(), [&](const Agent& agent) {
        return agent.checker().fine() && agent.checker().current() == address &&
               agent.stopped_until() <= now;
    });
    if (fine && agreed_since_ != never)
        return true;
    if (agreed_since_ != never && now - agreed_since_ > settle_bound)
        throw Violation{"exit", "the Sentinels have long agreed, and an agent has not settled"};
    if (now - heal_at_ > longest_healing)
        throw Violation{"exit", "the model itself does not settle"};
    return false;
}

}  // namespace spoa::simulation
