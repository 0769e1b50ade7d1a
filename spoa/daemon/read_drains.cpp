#include "daemon/read_drains.hpp"

#include <algorithm>

namespace spoa::daemon {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds look_period{100};

}  // namespace

void ReadDrains::want(std::size_t name, const haproxy_api::Drains& drains)
{
    bool news = false;
    for (auto& [backend, kept] : backends_) {
        if (kept.name != name || kept.drains == drains)
            continue;
        kept.drains = drains;
        news = true;
        for (auto first = at_first_.begin(); first != at_first_.end();)
            first = first->first.first == backend && !drains.contains(first->first.second)
                        ? at_first_.erase(first)
                        : std::next(first);
    }
    if (news && anything_drains(Clock::now())) {
        next_look_ = {};
        link_.wake();
    }
}

bool ReadDrains::anything_drains(Clock::time_point now) const
{
    return std::ranges::any_of(backends_, [&](const auto& backend) {
        return std::ranges::any_of(
            backend.second.drains, [&](const auto& drain) { return now < drain.second.until; });
    });
}

Clock::time_point ReadDrains::due()
{
    if (!to_end_.empty())
        return {};
    return anything_drains(Clock::now()) ? next_look_ : Clock::time_point::max();
}

std::string ReadDrains::commands()
{
    listing_ = to_end_.empty();
    if (!listing_)
        return haproxy_api::end_sessions(to_end_.front());
    next_look_ = Clock::now() + look_period;
    return haproxy_api::list_sessions();
}

bool ReadDrains::on_reply(const std::string& text)
{
    if (!listing_)
        to_end_.pop_front();  // a session that ended by itself is as good
    else if (const auto sessions = haproxy_api::parse_sessions(text))
        take_sessions(*sessions);
    return true;
}

void ReadDrains::on_failure(const std::string& /*reason*/)
{
    to_end_.clear();
}

const haproxy_api::Drain* ReadDrains::find_drain(const haproxy_api::SessionSeen& session) const
{
    const auto kept = backends_.find(session.backend);
    if (kept == backends_.end())
        return nullptr;
    const auto drain = kept->second.drains.find(session.server);
    return drain == kept->second.drains.end() ? nullptr : &drain->second;
}

void ReadDrains::take_sessions(const std::vector<haproxy_api::SessionSeen>& sessions)
{
    std::map<Place, std::vector<std::string>> leaving;
    for (const auto& session : sessions)
        if (find_drain(session))
            leaving[{session.backend, session.server}].push_back(session.id);
    std::vector<std::string> ids;
    for (const auto& [place, all] : leaving) {
        const auto first = at_first_.emplace(place, all.size()).first->second;
        const auto& drain = *find_drain({{}, place.first, place.second});
        const auto due = haproxy_api::due_to_end(drain, first, all.size(), Clock::now());
        ids.insert(ids.end(), all.begin(), all.begin() + static_cast<std::ptrdiff_t>(due));
    }
    for (std::size_t at = 0; at < ids.size(); at += haproxy_api::most_ids_a_line) {
        const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(at);
        const auto size = std::min(haproxy_api::most_ids_a_line, ids.size() - at);
        to_end_.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
    }
}

}  // namespace spoa::daemon
