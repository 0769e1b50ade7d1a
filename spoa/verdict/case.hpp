// What all steps of one judgement look at, and the words they share.
#pragma once

#include "verdict/evidence.hpp"
#include "verdict/subject.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace spoa::verdict {

struct Case {
    const Subject& subject;
    const Evidence& evidence;
    std::span<const Vote> votes;  // the valid ones
    TimePoint now;

    std::size_t sentinels() const { return evidence.ballots.size(); }
    std::size_t needed() const;  // a majority of them
};

// How many name `address`; without one, how many say that they do not know the name.
std::size_t votes_for(const std::optional<Endpoint>& address, std::span<const Vote> votes);

// "2 of 3 Sentinels"
std::string count_of(std::size_t votes, std::size_t sentinels);

// "localhost:26379 and 127.0.0.1:26379 are the same Sentinel"; empty when each is another.
std::string same_sentinels(const Case& c);

}  // namespace spoa::verdict
