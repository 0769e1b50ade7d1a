// Names under watch, with votes as three Sentinels would cast them.
#pragma once

#include "verdict/watch.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace spoa::test {

inline constexpr verdict::TimePoint start = verdict::TimePoint(std::chrono::hours(1));

inline verdict::Vote vote_at(
    std::optional<Endpoint> address, std::uint64_t epoch, verdict::TimePoint when = start)
{
    verdict::Vote vote;
    vote.address = std::move(address);
    vote.config_epoch = epoch;
    vote.answered_at = when;
    return vote;
}

// A name with one server, R1 at 10.0.0.1:6379, and three Sentinels that have not voted.
inline verdict::Watch silent_watch(std::string name = "orders")
{
    verdict::Subject subject;
    subject.name = std::move(name);
    subject.servers = {{"R1", {"10.0.0.1", 6379}}};
    return {std::move(subject), 3, start};
}

// All three have named R1 at epoch 7.
inline verdict::Watch good_watch(std::string name = "orders")
{
    auto watch = silent_watch(std::move(name));
    for (std::size_t sentinel = 0; sentinel < 3; ++sentinel)
        watch.cast(sentinel, vote_at(Endpoint{"10.0.0.1", 6379}, 7));
    watch.review(start);
    return watch;
}

}  // namespace spoa::test
