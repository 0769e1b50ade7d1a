#include "monitor/release.hpp"

namespace spoa::monitor {

bool Release::review(const verdict::Verdict& verdict, const Ready& ready, TimePoint now)
{
    const bool before = holds_back();
    const bool given = verdict.open && !verdict.server.empty();
    if (!given || released_ == verdict.server) {
        if (!given)
            released_.clear();
        held_since_.reset();
        return before;
    }
    released_.clear();
    const auto since = held_since_.value_or(now);
    if (ready(verdict.server) == haproxy_api::Readiness::not_yet && now - since < release_limit) {
        held_since_ = since;
    } else {
        released_ = verdict.server;
        held_since_.reset();
    }
    return before != holds_back();
}

}  // namespace spoa::monitor
