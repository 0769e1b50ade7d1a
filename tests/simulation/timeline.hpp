// Virtual time, and what is to happen in it.
#pragma once

#include "sentinel/vote.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace spoa::simulation {

using Time = std::int64_t;  // microseconds since the start of a schedule
inline constexpr Time ms = 1'000;
inline constexpr Time second = 1'000'000;
inline constexpr Time never = -1;

inline sentinel::TimePoint at(Time time)
{
    return sentinel::TimePoint() + std::chrono::hours(1) + std::chrono::microseconds(time);
}

enum class What : std::uint8_t {
    tick,          // who: the timer of a Sentinel
    hello,         // whom: hears who's hello: node, epoch, current_epoch
    vote_request,  // whom: is asked by who for its vote in epoch
    wake,          // who: a stopped Sentinel runs again
    poll,          // who: an agent asks entry whom; epoch: the generation of the link
    serve,         // the Sentinel reads the next part of question `epoch`
    answer,        // the agent reads its answer
    timeout,       // the answer did not come
    connect,       // an agent tries to connect to an entry again
    hear,          // an agent reads an event: node, other; epoch: which
    review,        // an agent looks at the age of its votes
    look,          // an agent looks again, as its verdict asked
    turn,          // a HAProxy of an agent has become ready
    probe,         // an agent asks the data nodes
    rouse,         // a stopped agent runs again
    act,           // something befalls the model
    undo,          // and ends: epoch says what
    heal,          // everything is mended
    mend,          // an operator helps Sentinels that cannot agree by themselves
};

struct Happening {
    Time at = 0;
    std::uint32_t order = 0;  // among those of one moment: as they were planned
    What what = What::tick;
    std::int8_t who = 0;
    std::int8_t whom = 0;
    std::int8_t node = 0;
    std::int8_t other = 0;
    std::uint64_t epoch = 0;
    std::uint64_t current_epoch = 0;
};

class Timeline {
public:
    Timeline() { heap_.reserve(128); }

    Time now() const { return now_; }

    void plan(Time at, Happening happening)
    {
        happening.at = std::max(at, now_);
        happening.order = ++order_;
        heap_.push_back(happening);
        std::push_heap(heap_.begin(), heap_.end(), later);
    }

    // There is always something: the Sentinels' timers never end.
    Happening take()
    {
        std::pop_heap(heap_.begin(), heap_.end(), later);
        const auto next = heap_.back();
        heap_.pop_back();
        now_ = next.at;
        return next;
    }

    void clear()
    {
        heap_.clear();
        now_ = 0;
        order_ = 0;
    }

private:
    static bool later(const Happening& a, const Happening& b)
    {
        return a.at != b.at ? a.at > b.at : a.order > b.order;
    }

    std::vector<Happening> heap_;
    Time now_ = 0;
    std::uint32_t order_ = 0;
};

}  // namespace spoa::simulation
