#pragma once

#include "agent/answer.hpp"
#include "base/bytes.hpp"
#include "verdict/verdict.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace spoa::agent {

// An answer made ahead: its bytes, what they say, and how long a question waits for a better one.
struct Answer {
    using TimePoint = std::chrono::steady_clock::time_point;

    Bytes actions;
    verdict::State state = verdict::State::no_quorum;
    bool open = false;
    bool gone = false;                           // the name is not configured any more
    std::chrono::milliseconds wait{0};           // 0: it is answered at once
    TimePoint wait_no_later = TimePoint::max();  // and so it is from then on

    // Until when a question waits that is asked `now`; not in the future when it does not.
    TimePoint deadline(TimePoint now) const { return std::min(now + wait, wait_no_later); }

    // Whether this is what those were waiting for who do.
    bool is_clear() const { return gone || (open && wait.count() == 0); }
};

// Which place a monitored name has in a snapshot. Made once for a configuration; a name has the
// same place in all of them, and an empty one stands where there is none in this.
class NameIndex {
public:
    explicit NameIndex(std::vector<std::string> names);

    std::optional<std::size_t> find(std::string_view name) const;
    // The place of the name when there is but one.
    std::optional<std::size_t> find_only() const;
    const std::vector<std::string>& names() const { return names_; }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const
        {
            return std::hash<std::string_view>()(text);
        }
    };

    std::vector<std::string> names_;
    std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> places_;
};

struct Reads;

// The answers for all names at one moment. Never changed: a new verdict makes a new snapshot
// that shares every other answer with the one before.
struct Snapshot {
    std::shared_ptr<const NameIndex> index;
    std::vector<std::shared_ptr<const Answer>> answers;  // by place in `index`
    std::vector<std::shared_ptr<const Reads>> reads;     // likewise, to role=replica
    std::size_t read_counters = 0;                       // that a tally needs for them
};

// A snapshot of `index` in which nothing is known of any name yet.
std::shared_ptr<const Snapshot> make_snapshot(std::shared_ptr<const NameIndex> index);

struct ReadUpdate;

// The new verdict on the name at `place` of the index.
struct Update {
    std::size_t place = 0;
    const verdict::Verdict* verdict = nullptr;
    std::chrono::milliseconds wait{0};                 // the policy
    std::chrono::steady_clock::time_point since = {};  // of the verdict's state
    const ReadUpdate* reads = nullptr;                 // where role=replica is offered
    // The verdict is open and HAProxy is not ready for its server yet: it is given to nobody, and
    // worth waiting for.
    bool held_back = false;
    // The IP address of an endpoint that is a host name; without it, endpoints stay as they are.
    std::function<Endpoint(const Endpoint&)> locate{};
};

// `old` with the answers of these names replaced.
std::shared_ptr<const Snapshot> with_updates(const Snapshot& old, std::span<const Update> updates);

}  // namespace spoa::agent
