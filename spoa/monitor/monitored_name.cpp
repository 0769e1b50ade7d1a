#include "monitor/monitored_name.hpp"

#include "verdict/doubt.hpp"

#include <algorithm>
#include <utility>

namespace spoa::monitor {
namespace {

haproxy_api::Wishes wishes_for(const verdict::Watch& watch, verdict::TimePoint now)
{
    haproxy_api::Situation situation{watch.verdict(), {}, false, false};
    if (const auto promotion = watch.promotion())
        situation.candidate = promotion->candidate;
    situation.unasked = now < watch.standing().in_force_since + verdict::probe_deadline;
    situation.gone = watch.standing().process.gone_since.has_value();
    return haproxy_api::wishes_of(situation, watch.subject().servers);
}

}  // namespace

std::optional<verdict::TimePoint> MonitoredName::look_again() const
{
    std::optional<verdict::TimePoint> first;
    for (const auto& each :
         {release.look_again(),
          watch.look_again(),
          replicas.look_again(),
          read_wishes.look_again()})
        if (each)
            first = std::min(first.value_or(*each), *each);
    return first;
}

bool MonitoredName::want(verdict::TimePoint now)
{
    auto wanted = wishes_for(watch, now);
    bool news = wanted != std::exchange(wishes, wanted);
    if (const auto& policy = watch.subject().replicas) {
        const auto wishes_before = read_wishes.wishes();
        const auto drains_before = read_wishes.drains();
        read_wishes.follow({watch.verdict(), replicas.replicas(), replicas.reads(), *policy}, now);
        news =
            news || read_wishes.wishes() != wishes_before || read_wishes.drains() != drains_before;
    }
    return news;
}

}  // namespace spoa::monitor
