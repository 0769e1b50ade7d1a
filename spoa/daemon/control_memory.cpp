// What is known of the names beyond this process: in the state file, and for the one that takes
// over.
#include "daemon/control.hpp"

#include <algorithm>

namespace spoa::daemon {

using Clock = std::chrono::steady_clock;

// Starts from what was in force when the agent last ran.
void Control::recall(const std::vector<telemetry::Remembered>& all)
{
    const auto now = Clock::now();
    const auto promotion_of = [&](const telemetry::Remembered& one) {
        std::optional<verdict::Promotion> out;
        if (!one.promotion)
            return out;
        const auto& [candidate, sentinel, age] = *one.promotion;
        const auto leader =
            std::ranges::find(sentinels_, sentinel, &telemetry::SentinelReport::address);
        if (leader != sentinels_.end())
            out = {
                one.address,
                candidate,
                static_cast<std::size_t>(leader - sentinels_.begin()),
                now - age};
        return out;
    };
    for (auto& name : names_)
        for (const auto& one : all)
            if (one.name == name.watch.subject().name) {
                name.watch.restore(one.address, one.high_water, now);
                name.watch.resume(promotion_of(one), one.shut);
            }
}

std::vector<telemetry::Remembered> Control::memory() const
{
    std::vector<telemetry::Remembered> all;
    for (const auto place : order_) {
        const auto& watch = names_[place].watch;
        const auto& standing = watch.standing();
        if (!standing.current)
            continue;
        auto& one = all.emplace_back(
            telemetry::Remembered{watch.subject().name, *standing.current, standing.high_water});
        if (standing.shut)
            one.shut = standing.shut->state;
        if (const auto promotion = watch.promotion();
            promotion && promotion->master == *standing.current)
            one.promotion = telemetry::RememberedPromotion{
                promotion->candidate,
                sentinels_[promotion->sentinel].address,
                std::chrono::duration_cast<std::chrono::milliseconds>(
                    Clock::now() - promotion->heard_at)};
    }
    return all;
}

void Control::remember()
{
    if (!state_file_)
        return;
    auto all = memory();
    for (auto& one : all) {
        one.promotion.reset();
        one.shut.reset();
    }
    state_file_->write(all);
}

}  // namespace spoa::daemon
