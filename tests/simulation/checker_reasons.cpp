// What may close the gate in front of a master that a steady majority names.
#include "simulation/checker.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace spoa::simulation {
namespace {

using verdict::State;

constexpr std::size_t at_place(int place)
{
    return static_cast<std::size_t>(place);
}

}  // namespace

// Whether the node, where it is asked, says that it is no master that serves; or said so, or
// nothing, a moment ago.
bool Checker::node_denies(int place, Time now) const
{
    if (!world_.setup().probed || place >= nodes)
        return false;
    const auto& node = world_.data[at_place(place)];
    return !node.master || node.loading || !node.running(now) ||
           now - node.role_since <= 1'500 * ms;
}

// A promotion came to nothing, and its leaders have had the time to say so to this agent. What
// they do later does not bring it back.
void Checker::note_refutation(Time now)
{
    const auto place = at_place(current_);
    const auto since = std::max({world_.seen_promoting[place], paused_until_, agreed_since_});
    if (refuted_[place] < world_.seen_promoting[place] && agreed_ == current_ &&
        now - since > second + direct_bound && leaders_answer(world_.promoters[place], now))
        refuted_[place] = now;
}

// Whether all of these Sentinels are heard, and say that they are replacing nothing.
bool Checker::leaders_answer(std::uint32_t leaders, Time now) const
{
    for (int i = 0; i < world_.setup().sentinels; ++i) {
        const bool twin = world_.setup().duplicate_of >= 0 && i == world_.setup().sentinels - 1;
        const int target = twin ? world_.setup().duplicate_of : i;
        const auto& each = world_.sentinels[at_place(target)];
        if ((leaders >> static_cast<unsigned>(target) & 1U) != 0 &&
            (!up_[at_place(i)] || !each.running(now) || each.leads() || each.address != current_))
            return false;
    }
    return true;
}

// Whether what closes the gate is, or was a moment ago, really so.
bool Checker::is_justified(const verdict::Watch& watch, Time now) const
{
    const auto& setup = world_.setup();
    const auto place = at_place(current_);
    const bool denies = node_denies(current_, now);
    // Two nodes say that they are master, or did a moment ago.
    const bool two_masters =
        setup.probed &&
        std::count_if(world_.data.begin(), world_.data.end(), [&](const Node& each) {
            return each.master || now - each.role_since <= direct_bound;
        }) > 1;
    switch (watch.verdict().state) {
        case State::odown:  // one liar alone cannot; two are believed, or one beside one that is
                            // cut
            return sentinels_without(current_, now) > 1 ||
                   now - world_.seen_down[place] <= vote_ttl + direct_bound || denies;
        case State::switching: return is_switching_justified(now, denies, two_masters);
        case State::conflict:  // until they agree which of the two it is
            return two_masters &&
                   (calm_since_ == never || now - std::max(calm_since_, paused_until_) <=
                                                regress_hold + vote_ttl + direct_bound);
        case State::not_master:
            return denies || said_otherwise(current_) || is_unproven(now) ||
                   (setup.probed && now - in_force_since_ <= 200 * ms);
        case State::silent:  // it hung up, and this agent does not reach whoever is there
            return denies || (is_gone(now) &&
                              now - std::max(heard_[place].missed_at, paused_until_) <= 500 * ms);
        case State::isolated: return true;  // check_isolation
        default: return false;
    }
}

// One Sentinel's word is enough: the leader is alone in knowing. But each one's word wears out
// after twice the failover-timeout and a second, unless it is taken back and given again.
bool Checker::is_switching_justified(Time now, bool denies, bool two_masters) const
{
    const auto& setup = world_.setup();
    const auto place = at_place(current_);
    // A promotion whose events went out before the agent listened: by a higher epoch, for 5 s.
    if (heard_first_ != never && now - heard_first_ < 5 * second &&
        claimed_elsewhere(current_, high_ + 1))
        return true;
    // Events that waited while the agent was stopped are heard late.
    const auto heard = std::max(world_.seen_promoting[place], paused_until_);
    const auto begun = std::max({heard, agreed_since_, switching_since_});
    const auto word = 2 * setup.failover_timeout + second;
    Time longest = 0;
    for (const auto& each : world_.sentinels) {
        const bool varies =
            each.lie == Sentinel::Lie::each_time || each.lie == Sentinel::Lie::flaps;
        if (varies || each.clones_identity)
            return true;
        // What one has published counts until it says plainly that nothing is under way, and the
        // agent hears of that by its next answer.
        const auto late = vote_ttl + direct_bound;
        const bool plain =
            !each.leads() && each.address == current_ && now - each.state_since > late;
        const bool flapped = !plain && now - each.flapped_until <= word + late;
        if (!each.honest() || now - each.lied_until <= late || flapped)
            longest += word;
    }
    if (longest > 0 && now - begun <= longest + vote_ttl + direct_bound)
        return true;
    if (two_masters &&
        (calm_since_ == never || now - std::max({calm_since_, begun - regress_hold, heard}) <=
                                     word + regress_hold + vote_ttl + direct_bound))
        return true;
    const bool answered = leaders_answer(world_.promoters[place], now);
    const auto lasts = answered && !setup.probed ? second : 2 * setup.failover_timeout + second;
    if (refuted_[place] > heard && !setup.probed)
        return false;
    return denies || now - heard <= lasts + vote_ttl + direct_bound;
}

// One Sentinel has lied, and nothing else can be a reason to close: the honest ones are heard, name
// the master in force, and neither saw it as down nor replaced it of late; and it is one.
bool Checker::is_quiet(Time now) const
{
    const auto& setup = world_.setup();
    if (std::popcount(world_.ever_lied) != 1 || setup.duplicate_of >= 0 || current_ < 0 ||
        current_ >= nodes || agreed_ != current_ || now - agreed_since_ <= direct_bound ||
        now - in_force_since_ <= second || node_denies(current_, now) || said_otherwise(current_) ||
        is_unproven(now))
        return false;
    const auto place = at_place(current_);
    const auto late = vote_ttl + direct_bound;
    const auto promotion = 2 * setup.failover_timeout + second + late;
    if (now - world_.seen_down[place] <= late || now - world_.seen_promoting[place] <= promotion)
        return false;
    for (int i = 0; i < setup.sentinels; ++i) {
        const auto& each = world_.sentinels[at_place(i)];
        const bool lied = (world_.ever_lied >> static_cast<unsigned>(i) & 1U) != 0;
        if (!lied &&
            (each.leads() || each.address != current_ || each.s_down || each.config_epoch > high_))
            return false;
    }
    const auto is_other_master = [&](const Node& each) {
        return &each != &world_.data[place] && (each.master || now - each.role_since <= late);
    };
    return !setup.probed || std::none_of(world_.data.begin(), world_.data.end(), is_other_master);
}

// What one Sentinel closes that lies is bounded in any minute, whatever it says.
void Checker::check_budget(const verdict::Watch& watch, Time now)
{
    const bool awake = now > paused_until_ + direct_bound;  // what it slept through is nobody's lie
    const bool shut = awake && !watch.verdict().open && is_quiet(now);
    // Whoever led a failover that came to its end was right: it is believed as at first.
    if (std::exchange(lied_about_, current_) != current_) {
        lied_shut_.clear();
        is_lied_shut_ = false;
    }
    if (is_lied_shut_ && awake)
        lied_shut_.back().to = now;
    if (shut && !is_lied_shut_)
        lied_shut_.push_back({now, now});
    is_lied_shut_ = shut;
    while (!lied_shut_.empty() && lied_shut_.front().to < now - lie_window)
        lied_shut_.pop_front();
    Time closed = 0;
    for (const auto& span : lied_shut_)
        closed += span.to - std::max(span.from, now - lie_window);
    if (closed > lie_bound)
        fail(
            "budget",
            "one Sentinel that lies closed the gate for more than two seconds in a minute");
}

// All Sentinels are distinct, heard by this agent, and content with the master in force.
void Checker::look_at_calm(Time now)
{
    bool calm = world_.setup().duplicate_of < 0;
    for (int i = 0; i < world_.setup().sentinels; ++i) {
        const auto& each = world_.sentinels[at_place(i)];
        calm = calm && up_[at_place(i)] && each.running(now) && each.honest() && !each.leads() &&
               !each.in_tilt(now) && !each.s_down && each.address == current_ &&
               (each.cut_from_agents & (1U << static_cast<unsigned>(agent_))) == 0 &&
               !world_.apart(agent_, i);
    }
    if (!calm)
        calm_since_ = never;
    else if (calm_since_ == never)
        calm_since_ = now;
}

}  // namespace spoa::simulation
