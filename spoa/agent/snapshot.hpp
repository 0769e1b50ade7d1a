#pragma once

#include "agent/answer.hpp"
#include "base/bytes.hpp"
#include "verdict/verdict.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace spoa::agent {

// An answer made ahead: its bytes, and what they say, for counting.
struct Answer {
    Bytes actions;
    verdict::State state = verdict::State::no_quorum;
};

// Which place a monitored name has in a snapshot. Made once for a configuration.
class NameIndex {
public:
    explicit NameIndex(std::vector<std::string> names);

    std::optional<std::size_t> find(std::string_view name) const;
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

// The answers for all names at one moment. Never changed: a new verdict makes a new snapshot
// that shares every other answer with the one before.
struct Snapshot {
    std::shared_ptr<const NameIndex> index;
    std::vector<std::shared_ptr<const Answer>> answers;  // by place in `index`
};

// A snapshot of `index` in which nothing is known of any name yet.
std::shared_ptr<const Snapshot> make_snapshot(std::shared_ptr<const NameIndex> index);

// The new verdict on the name at `place` of the index.
struct Update {
    std::size_t place = 0;
    const verdict::Verdict* verdict = nullptr;
};

// `old` with the answers of these names replaced.
std::shared_ptr<const Snapshot> with_updates(const Snapshot& old, std::span<const Update> updates);

}  // namespace spoa::agent
