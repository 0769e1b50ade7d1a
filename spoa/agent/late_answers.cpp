#include "agent/late_answers.hpp"

#include "agent/reads.hpp"

namespace spoa::agent {

bool answer_some(Desk& desk, std::chrono::steady_clock::time_point now, std::size_t most)
{
    const auto is_clear = [&](const Topic& topic) {
        const auto& snapshot = *desk.snapshot;
        return !desk.stale &&
               (topic.role == Role::replica ? snapshot.reads[topic.name]->is_clear()
                                            : snapshot.answers[topic.name]->is_clear());
    };
    for (; most > 0; --most) {
        if (const auto clear = desk.waiting.take_oldest(is_clear))
            clear->asker->answer_late(*clear, WaitEnd::released);
        else if (const auto late = desk.waiting.take_expired(now))
            late->asker->answer_late(*late, WaitEnd::timed_out);
        else
            return false;
    }
    return true;
}

void answer_all(Desk& desk)
{
    while (const auto oldest = desk.waiting.take_oldest([](const Topic&) { return true; }))
        oldest->asker->answer_late(*oldest, WaitEnd::stopped);
}

}  // namespace spoa::agent
