#include "simulation/checker.hpp"

#include "simulation/replies.hpp"

#include <algorithm>
#include <string>

namespace spoa::simulation {
namespace {

using verdict::State;

constexpr std::size_t at_place(int place)
{
    return static_cast<std::size_t>(place);
}

std::string name_of_node(int node)
{
    return node == nowhere ? "none" : endpoint_of(node).host;
}

}  // namespace

Checker::Checker(int agent, const World& world, Journal& journal)
    : agent_(agent), world_(world), journal_(journal)
{}

void Checker::start(const verdict::Watch& watch)
{
    given_.fill({});
    up_.fill(false);
    current_ = node_of(watch.standing().current);
    high_ = watch.standing().high_water;
    claim_ = nowhere;
    served_ = nowhere;
    refuted_.fill(-200 * second);
    calm_since_ = switching_since_ = heard_first_ = doubted_ = never;
    in_force_since_ = world_.now();
    heard_.fill({});
    known_ = nowhere;
    other_ = false;
    lied_shut_.clear();
    is_lied_shut_ = false;
    majority_at_ = unfollowed_at_ = followed_at_ = world_.now();
    touch();
}

void Checker::cast(int entry, int first, int last, const Said& master, Time asked_at, bool full)
{
    // Address and epoch of a vote belong together, also where the answer to MASTER alone repeats
    // the address of the vote before; a liar's MASTER tells nothing about its address.
    const bool apart = first != last || (first == nowhere) != (master.master == nowhere);
    if (full ? apart : master.honest && first != master.get)
        fail("torn-refused", "an answer whose parts do not belong together became a vote");
    given_[at_place(entry)] = {
        true,
        first,
        master.config_epoch,
        asked_at,
        master.identity,
        master.master == first ? master.run_id : nowhere};
    if (!up_[at_place(entry)])
        touch();
    up_[at_place(entry)] = true;
}

void Checker::lose(int entry)
{
    given_[at_place(entry)].valid = false;
    up_[at_place(entry)] = false;
    touch();
}

void Checker::forget()
{
    given_.fill({});
    heard_first_ = never;
    majority_at_ = world_.now();
    for (auto& node : heard_)
        if (node.missed_since == never)
            node.missed_since = world_.now();
    touch();
}

int Checker::count_support(int entry, Time now) const
{
    const auto& mine = given_[at_place(entry)];
    int support = 0;
    for (const auto& other : given_)
        support += other.valid && now - other.asked_at <= vote_ttl &&
                           other.identity != mine.identity && other.address == mine.address
                       ? 1
                       : 0;
    return support;
}

// Young enough, and of its identity the one that more of the others agree with, else the latest.
bool Checker::is_valid(int entry, Time now) const
{
    const auto& mine = given_[at_place(entry)];
    if (!mine.valid || now - mine.asked_at > vote_ttl)
        return false;
    for (int i = 0; i < world_.setup().sentinels; ++i) {
        const auto& other = given_[at_place(i)];
        if (i == entry || !other.valid || now - other.asked_at > vote_ttl ||
            other.identity != mine.identity)
            continue;
        const std::pair its{count_support(i, now), other.asked_at};
        const std::pair ours{count_support(entry, now), mine.asked_at};
        if (its > ours || (its == ours && i < entry))
            return false;
    }
    return true;
}

Tally Checker::count(Time now)
{
    valid_ = 0;
    for (int i = 0; i < world_.setup().sentinels; ++i)
        valid_ |= is_valid(i, now) ? 1U << static_cast<unsigned>(i) : 0U;
    Tally tally;
    std::array<int, nodes + 2> supporters{};
    for (int i = 0; i < world_.setup().sentinels; ++i)
        if (counts(i)) {
            ++tally.votes;
            ++supporters[at_place(given_[at_place(i)].address + 1)];
        }
    tally.unknown = supporters[0] >= needed();
    for (int node = 0; node <= nodes; ++node)
        if (supporters[at_place(node + 1)] >= needed())
            tally.address = node;
    if (tally.address == nowhere)
        return tally;

    // The Q-th largest is the largest that Q of them reach.
    for (int i = 0; i < world_.setup().sentinels; ++i) {
        const auto& each = given_[at_place(i)];
        if (each.address != tally.address || !counts(i))
            continue;
        tally.highest = std::max(tally.highest, each.epoch);
        int reach = 0;
        for (int j = 0; j < world_.setup().sentinels; ++j)
            reach += given_[at_place(j)].address == tally.address &&
                             given_[at_place(j)].epoch >= each.epoch && counts(j)
                         ? 1
                         : 0;
        if (reach >= needed())
            tally.confirmed = std::max(tally.confirmed, each.epoch);
    }
    return tally;
}

bool Checker::claimed_elsewhere(int address, std::uint64_t epoch) const
{
    for (int i = 0; i < world_.setup().sentinels; ++i) {
        const auto& each = given_[at_place(i)];
        if (each.address != nowhere && each.address != address && each.epoch >= epoch && counts(i))
            return true;
    }
    return false;
}

bool Checker::check(const verdict::Watch& watch, Time now)
{
    const auto tally = count(now);
    const auto& standing = watch.standing();
    const int before = std::exchange(current_, node_of(standing.current));
    const auto high_before = std::exchange(high_, standing.high_water);

    if (tally.address != nowhere && heard_first_ == never)
        heard_first_ = now;
    if (tally.address == nowhere || tally.address == before)
        claim_ = nowhere;
    else if (claim_ != tally.address) {
        claim_ = tally.address;
        claim_since_ = now;
    }
    if (current_ != before)
        check_adoption(tally, before, high_before, now);
    check_epochs(tally, before, high_before);
    if (current_ != before) {
        in_force_since_ = now;
        claim_ = nowhere;
        for (auto& node : heard_)
            node.listed = node.begins = false;
        unfollowed_at_ = followed_at_ = now;
        known_ = nowhere;
        other_ = false;
    }
    check_gate(watch, tally, now);
    if (world_.setup().probed && current_ >= 0 && current_ < nodes) {
        look_at_process();
        check_process(watch, now);
        look_at_knowledge(now);
        check_word(watch);
        look_at_followers(now);
        check_isolation(watch, tally, now);
    }
    check_progress(watch, tally, now);

    const auto& verdict = watch.verdict();
    fine_ = verdict.open && (verdict.state == State::ok || verdict.state == State::degraded);
    served_ = fine_ || (verdict.open && verdict.state == State::silent) ? current_ : nowhere;
    return current_ != before;
}

// 1: by a majority only; 3: to an epoch already left only by a tie or a regress that has stood.
void Checker::check_adoption(const Tally& tally, int before, std::uint64_t high_before, Time now)
{
    if (current_ != tally.address)
        fail(
            "majority-only",
            name_of_node(current_) + " was put in force, and a majority names " +
                name_of_node(tally.address));
    if (before == nowhere || tally.highest > high_before)
        return;
    const auto stood = now - claim_since_;
    if (tally.highest == high_before && stood < tie_hold)
        fail("no-way-back", "a tie was decided after " + std::to_string(stood / ms) + " ms");
    if (tally.highest < high_before &&
        (stood < regress_hold || claimed_elsewhere(current_, high_before)))
        fail(
            "no-way-back",
            "an older epoch was followed after " + std::to_string(stood / ms) + " ms");
}

// H is what a majority confirms, and falls only by the exits.
void Checker::check_epochs(const Tally& tally, int before, std::uint64_t high_before)
{
    if (high_ == high_before)
        return;
    if (tally.address != current_)
        fail("majority-only", "the epoch in force changed without a majority");
    if (high_ > high_before) {
        if (high_ > tally.confirmed)
            fail(
                "confirmed-epoch",
                "epoch " + std::to_string(high_) + " is in force, and a majority confirms only " +
                    std::to_string(tally.confirmed));
        return;
    }
    if (before == nowhere || current_ != before)
        return;  // the fall was part of an adoption, checked there
    if (tally.highest >= high_before || claimed_elsewhere(current_, high_before))
        fail("no-way-back", "the epoch fell although somebody still claims the old one");
}

// 6, and the part of 1 that concerns what is open by the word of a majority.
void Checker::check_gate(const verdict::Watch& watch, const Tally& tally, Time now)
{
    const auto& verdict = watch.verdict();
    const auto& policy = watch.subject().policy;
    const auto state = verdict.state;
    if (verdict.address && node_of(verdict.address) != current_)
        fail("gate", "the verdict names another address than the one in force");
    constexpr auto refuse = verdict::InDoubt::refuse;
    const bool shuts = (state == State::odown && policy.odown == refuse) ||
                       (state == State::switching && policy.switching == refuse) ||
                       (state == State::isolated && policy.isolated == refuse) ||
                       state == State::not_master;
    if (tally.address != nowhere)
        doubted_ = shuts && !verdict.open ? now : never;
    if (!verdict.open)
        return;
    if (doubted_ != never && now - doubted_ < doubt_outlives)
        fail("gate", "open as soon as the majority that was in doubt is lost");
    if (!verdict.address)
        fail("gate", "open, and there is no address");
    if (state == State::unknown_name || state == State::not_master)
        fail("gate", "open in a state that is never open");
    if ((state == State::odown && policy.odown == verdict::InDoubt::refuse) ||
        (state == State::switching && policy.switching == verdict::InDoubt::refuse) ||
        (state == State::isolated && policy.isolated == verdict::InDoubt::refuse) ||
        (state == State::no_quorum && policy.no_quorum == verdict::NoQuorum::refuse))
        fail("gate", "open against the operator's policy");
    const bool by_majority =
        state == State::ok || state == State::degraded || state == State::silent;
    if (by_majority && tally.address != current_)
        fail("majority-only", "open as by a majority, and there is none");
}

// What the Sentinels would say to this agent at this moment: the address that a majority of
// distinct, honest and connected ones names, and since when nothing about it has changed.
void Checker::look_at_sentinels(Time now)
{
    if (seen_version_ == version_ && seen_world_ == world_.version)
        return;
    seen_version_ = version_;
    seen_world_ = world_.version;
    std::array<int, nodes + 2> supporters{};
    std::uint64_t print = 17;
    std::uint64_t identities = 0;
    for (int i = 0; i < world_.setup().sentinels; ++i) {
        const bool twin = world_.setup().duplicate_of >= 0 && i == world_.setup().sentinels - 1;
        const int each_place = twin ? world_.setup().duplicate_of : i;
        const auto& each = world_.sentinels[at_place(each_place)];
        const auto identity = 1ULL << static_cast<unsigned>(each.identity);
        if (!up_[at_place(i)] || !each.running(now) || !each.honest() ||
            (each.cut_from_agents & (1U << static_cast<unsigned>(agent_))) != 0 ||
            world_.apart(agent_, each_place) || (identities & identity) != 0)
            continue;
        identities |= identity;
        const int says = each.current_address();
        ++supporters[at_place(says + 1)];
        print = (print ^ (static_cast<std::uint64_t>(says + 2) + 8 * each.config_epoch +
                          1024 * static_cast<std::uint64_t>(i))) *
                0x100000001b3U;
    }
    int agreed = nowhere;
    for (int node = 0; node <= nodes; ++node)
        if (supporters[at_place(node + 1)] >= needed())
            agreed = node;
    if (agreed != agreed_ || print != agreed_print_) {
        agreed_ = agreed;
        agreed_print_ = print;
        agreed_since_ = std::max(now, paused_until_);
    }
}

// 4: what a steady majority says is in force and open, in bounded time.
void Checker::check_progress(const verdict::Watch& watch, const Tally& tally, Time now)
{
    look_at_sentinels(now);
    look_at_calm(now);
    if (current_ != nowhere)
        note_refutation(now);
    const auto& verdict = watch.verdict();
    if (verdict.state != State::switching)
        switching_since_ = never;
    else if (switching_since_ == never)
        switching_since_ = now;
    check_budget(watch, now);
    if (agreed_ == nowhere || now - agreed_since_ <= direct_bound)
        return;
    if (tally.address != agreed_)
        fail("progress", "a steady majority names " + name_of_node(agreed_) + " and was not heard");
    if (current_ != agreed_) {
        const auto stood = now - claim_since_;
        const bool tie = tally.highest == high_;
        const bool contested = !tie && claimed_elsewhere(agreed_, high_);
        // Where nodes are probed, their word counts: a tie waits for a master, or as long as a
        // regress for a node that says nothing; a regress waits for one that does not deny.
        const bool denies = node_denies(agreed_, now);
        const auto hold = tie && !world_.setup().probed ? tie_hold : regress_hold + second;
        if (tally.highest > high_ || (stood > hold && !contested && !denies))
            fail(
                "progress",
                "a steady majority names " + name_of_node(agreed_) + ", and " +
                    name_of_node(current_) + " is in force, state " +
                    std::string(name_of(verdict.state)));
        return;
    }
    if (!verdict.open && !is_justified(watch, now))
        fail("progress", "closed without a reason, state " + std::string(name_of(verdict.state)));
}

void Checker::fail(const char* invariant, const std::string& text) const
{
    throw Violation{invariant, "agent " + std::to_string(agent_) + ": " + text};
}

}  // namespace spoa::simulation
