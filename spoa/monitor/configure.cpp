// How MonitoredNames gets its configuration and what a process before has left, and what it leaves
// to the next one.
#include "monitor/monitored_names.hpp"

#include <algorithm>
#include <utility>

namespace spoa::monitor {

std::vector<std::size_t> MonitoredNames::configure(
    std::vector<verdict::Subject> subjects,
    std::span<const std::optional<std::size_t>> sentinels_before,
    std::chrono::milliseconds vote_ttl, TimePoint now)
{
    vote_ttl_ = vote_ttl;
    const auto sentinels = sentinels_before.size();
    const auto fresh = [&](verdict::Subject subject) {
        return MonitoredName{.watch{std::move(subject), sentinels, now}};
    };
    std::vector<std::size_t> order;
    for (auto& subject : subjects) {
        const auto [known, is_new] = places_.emplace(subject.name, names_.size());
        const auto name = known->second;
        order.push_back(name);
        if (is_new) {
            names_.push_back(fresh(std::move(subject)));
        } else if (!names_[name].in_use) {
            names_[name] = fresh(std::move(subject));
        } else {
            names_[name].watch.set_subject(std::move(subject));
            names_[name].watch.set_sentinels(sentinels_before);
        }
    }
    std::vector<std::size_t> left;
    for (const auto name : std::exchange(order_, std::move(order)))
        if (std::ranges::count(order_, name) == 0) {
            names_[name] = fresh({});
            names_[name].in_use = false;
            left.push_back(name);
        }
    // So that HAProxy's first reply finds which servers there are, however slow everybody else is.
    for (const auto name : order_) {
        auto& each = names_[name];
        if (each.replicas.replicas().empty())
            each.replicas.review(each.watch, now);
        each.want(now);
    }
    return left;
}

void MonitoredNames::set_probed(std::size_t name, std::span<const Endpoint> nodes)
{
    names_[name].watch.set_probed(nodes);
}

void MonitoredNames::restore(std::span<const SavedMaster> saved, TimePoint now)
{
    for (const auto& one : saved) {
        const auto place = find(one.name);
        if (!place)
            continue;
        auto& watch = names_[*place].watch;
        std::optional<verdict::Promotion> promotion;
        if (one.promotion) {
            const auto& [candidate, sentinel, age] = *one.promotion;
            const auto& sentinels = watch.subject().sentinels;
            const auto leader = std::ranges::find(sentinels, sentinel);
            if (leader != sentinels.end())
                promotion = {
                    one.address,
                    candidate,
                    static_cast<std::size_t>(leader - sentinels.begin()),
                    now - age};
        }
        watch.restore(one.address, one.high_water, now);
        watch.resume(std::move(promotion), one.shut);
    }
}

std::vector<SavedMaster> MonitoredNames::saved_masters(TimePoint now) const
{
    std::vector<SavedMaster> all;
    for (const auto name : order_) {
        const auto& watch = names_[name].watch;
        const auto& standing = watch.standing();
        if (!standing.current)
            continue;
        auto& one = all.emplace_back(
            SavedMaster{watch.subject().name, *standing.current, standing.high_water});
        if (standing.shut)
            one.shut = standing.shut->state;
        if (const auto promotion = watch.promotion();
            promotion && promotion->master == *standing.current)
            one.promotion = SavedPromotion{
                promotion->candidate,
                watch.subject().sentinels[promotion->sentinel],
                std::chrono::duration_cast<std::chrono::milliseconds>(now - promotion->heard_at)};
    }
    return all;
}

}  // namespace spoa::monitor
