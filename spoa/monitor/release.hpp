#pragma once

#include "haproxy_api/delivery.hpp"
#include "verdict/verdict.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace spoa::monitor {

// So long a new master is named to nobody while HAProxy is not ready for its server. Then it is
// named all the same, and the name is undeliverable as long as that lasts.
inline constexpr std::chrono::milliseconds release_limit{1'000};

// Holds a name's answer back while its master is new, or open again, and a HAProxy is not ready for
// it: whoever waits would be let go only to be refused there.
class Release {
public:
    using TimePoint = std::chrono::steady_clock::time_point;
    using Ready = std::function<haproxy_api::Readiness(const std::string& server)>;

    // Judges anew. True when that is news.
    bool review(const verdict::Verdict& verdict, const Ready& ready, TimePoint now);

    // The server that was released leads elsewhere now: HAProxy has to be ready for it once more.
    void retract() { released_.clear(); }

    bool holds_back() const { return held_since_.has_value(); }
    // When it is over by itself, while it holds back.
    std::optional<TimePoint> look_again() const
    {
        return held_since_ ? std::optional(*held_since_ + release_limit) : std::nullopt;
    }

private:
    std::string released_;  // the server that new connections are given
    std::optional<TimePoint> held_since_;
};

}  // namespace spoa::monitor
