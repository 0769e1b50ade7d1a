#pragma once

#include "haproxy_api/command.hpp"
#include "haproxy_api/reconcile.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace spoa::haproxy_api {

inline constexpr std::chrono::milliseconds look_period{1'000};
// Maintenance ends the sessions where haproxy.cfg has `on-marked-down shutdown-sessions`. Those
// that are there after it are ended so much later, when none is connecting any more: HAProxy 3.0.11
// freezes a session that is shut while it connects.
inline constexpr std::chrono::milliseconds cut_after{50};
// And once more so long after the fence, whatever was seen.
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

    // Where its servers may lead to. True when that is news: a turn is due at once.
    bool expect(Places places, TimePoint now);

    TimePoint due() const { return due_; }

    // Begins a turn; it ends with take() or lose().
    Commands begin(TimePoint now);

    // What a turn has brought about, beyond the state.
    struct Fenced {
        std::string server;
        std::uint64_t sessions;                                   // that it had
        std::optional<std::chrono::steady_clock::duration> took;  // since it was decided, if now
        bool stray = false;                                       // no verdict has led them there
    };
    std::vector<Fenced> take(const BackendSeen& seen, TimePoint now);

    // Nothing is known of HAProxy any more; to be looked at again at `retry`.
    void lose(TimePoint now, TimePoint retry);

    // HAProxy answers, and has no such backend.
    void lack(TimePoint now);

    const std::string& backend() const { return backend_; }
    const std::optional<BackendSeen>& seen() const { return seen_; }
    // The last look, also while HAProxy does not answer.
    const std::optional<BackendSeen>& last_seen() const { return seen_ ? seen_ : last_seen_; }
    bool is_lacking() const { return lacking_; }
    const Wanted& wanted() const { return wanted_; }

    Wish wish(const ServerSeen& server) const;
    bool is_ours(const std::string& server) const { return memory_.ours.contains(server); }

    // No session goes to it: none was seen on it since it was put out, or the backend has no such
    // server. False while nothing is known.
    bool is_out(const std::string& server) const;

    // Whether a verdict that names the server leads there now, for all that the last look tells;
    // nothing where the backend has no such server, or nothing was ever seen of it.
    std::optional<bool> lets_in(const std::string& server) const;

    // Since when something is left to do that was wanted; nothing when all is as it should be.
    std::optional<TimePoint> unsettled_since() const { return unsettled_since_; }

    // The servers that verdicts have named and that should have no session now, as long as no look
    // has shown that they have none.
    std::set<std::string> not_out_yet() const;

private:
    void time_cuts(TimePoint now);
    void remember(const BackendSeen& seen, const Plan& done, TimePoint now);

    std::string backend_;
    Wanted wanted_;
    std::optional<TimePoint> decided_;      // when the wishes changed, until a turn tells them
    std::optional<TimePoint> telling_;      // the same, of the turn under way
    std::optional<BackendSeen> seen_;       // at the end of the last turn
    std::optional<BackendSeen> last_seen_;  // of the last turn that went well, while none does
    FenceMemory memory_;                    // but for `named`, as long as no turn fails
    bool lacking_ = false;
    std::optional<TimePoint> unsettled_since_;
    std::map<std::string, TimePoint> fenced_;  // lately: when, by server
    Plan plan_;                                // of the turn under way
    TimePoint due_;
};

}  // namespace spoa::haproxy_api
