// What follows from something that was heard, or from the passing of time: all that the driver of
// MonitoredNames has to do in the world outside.
#pragma once

#include "verdict/failover.hpp"
#include "verdict/watch.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace spoa::monitor {

// Somebody is to be asked about a name at once.
struct Question {
    enum class Whom {
        sentinel,      // that one, for its vote
        its_quorum,    // that one, whether it could have a failover
        its_replicas,  // that one, which replicas it sees
        everybody,     // all Sentinels, and the nodes
        nodes,         // the nodes alone
        resolver,      // which addresses the hosts of the servers have now
    };
    Whom whom = Whom::everybody;
    std::size_t name = 0;
    std::size_t sentinel = 0;  // where it is about one of them

    bool operator==(const Question&) const = default;
};

// To be performed in the order of the members: clients come first. A name is its place.
struct Effects {
    verdict::TimePoint at{};           // of the judgement; nothing was judged without it
    std::vector<std::size_t> answers;  // their answer is another one: publish it
    std::vector<std::size_t> servers;  // HAProxy's servers should be otherwise
    std::vector<Question> questions;
    std::vector<std::size_t> reads;     // reads go elsewhere: tell it
    std::vector<std::size_t> unmapped;  // other replicas without a server may be promoted: tell it
    std::vector<std::pair<std::size_t, verdict::Change>> changes;  // of the verdict: tell them
    std::vector<std::pair<std::size_t, verdict::Failover>> steps;  // of a failover: tell them
    bool save = false;       // saved_masters() differ from what they were
    bool forgotten = false;  // all votes were dropped, as the agent itself was stopped: tell it
};

}  // namespace spoa::monitor
