#pragma once

#include "haproxy_api/command.hpp"
#include "haproxy_api/reconcile.hpp"

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace spoa::haproxy_api {

using TimePoint = std::chrono::steady_clock::time_point;

inline constexpr std::chrono::milliseconds look_period{1'000};
// Sessions are ended once more so long after a fence: some were still connecting.
inline constexpr std::chrono::milliseconds cut_again_after{300};
inline constexpr std::chrono::milliseconds not_yet_period{200};  // while something is left to do

// One backend of a HAProxy, kept as the verdicts want it: in turns, each of which tells HAProxy
// what has to change and looks at what there is. What to tell comes from the look before, so that a
// new wish goes out without a question first. Time is an argument.
class Fence {
public:
    explicit Fence(std::string backend) : backend_(std::move(backend)) {}

    // Decided at `now`. True when that is news: a turn is due at once.
    bool want(Wishes wishes, TimePoint now);

    TimePoint due() const { return due_; }

    // Begins a turn; it ends with take() or lose().
    Commands begin(TimePoint now);

    // What a turn has brought about, beyond the state.
    struct Fenced {
        std::string server;
        std::uint64_t sessions;                                   // that it had
        std::optional<std::chrono::steady_clock::duration> took;  // since it was decided, if now
    };
    std::vector<Fenced> take(const BackendSeen& seen, TimePoint now);

    // Nothing is known of HAProxy any more; to be looked at again at `retry`.
    void lose(TimePoint retry);

    const std::string& backend() const { return backend_; }
    const std::optional<BackendSeen>& seen() const { return seen_; }
    Wish wish(const std::string& server) const;
    // No session goes to it: it was seen in maintenance without one, or the backend has no such
    // server. False while nothing is known.
    bool is_out(const std::string& server) const;
    bool is_ours(const std::string& server) const { return ours_.contains(server); }

    // What an operator should know of, a sentence each.
    std::vector<std::string> warnings() const;

private:
    std::string backend_;
    Wishes wishes_;
    std::optional<TimePoint> decided_;    // when the wishes changed, until a turn tells them
    std::optional<TimePoint> telling_;    // the same, of the turn under way
    std::optional<BackendSeen> seen_;     // at the end of the last turn
    std::set<std::string> ours_;          // in maintenance by us, as long as no turn fails
    std::vector<std::string> cut_again_;  // fenced in the last turn
    Plan plan_;                           // of the turn under way
    TimePoint due_;
};

}  // namespace spoa::haproxy_api
