#include "telemetry/report.hpp"

#include "sentinel/electorate.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <ctime>

namespace spoa::telemetry {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

// RFC 3339 in UTC with milliseconds, as in the log.
std::string utc_text(std::chrono::system_clock::time_point time)
{
    const auto since_epoch = duration_cast<milliseconds>(time.time_since_epoch()).count();
    const auto whole = static_cast<std::time_t>(since_epoch / 1000);
    std::tm parts{};
    gmtime_r(&whole, &parts);
    std::array<char, 40> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    auto fraction = std::to_string(1000 + since_epoch % 1000);
    fraction[0] = '.';
    return std::string(text.data(), size) + fraction + "Z";
}

std::string utc_text(verdict::TimePoint time, const Moment& now)
{
    return utc_text(
        now.system - duration_cast<std::chrono::system_clock::duration>(now.steady - time));
}

Json flag_words(const sentinel::Flags& flags)
{
    Json words = Json::array();
    if (flags.s_down)
        words.push_back("s_down");
    if (flags.o_down)
        words.push_back("o_down");
    if (flags.failover_in_progress)
        words.push_back("failover_in_progress");
    if (flags.disconnected)
        words.push_back("disconnected");
    return words;
}

Json vote_json(
    const SentinelReport& sentinel, const std::optional<verdict::Vote>& vote,
    std::chrono::milliseconds vote_ttl, const Moment& now)
{
    Json json{{"sentinel", sentinel.address}};
    if (!vote) {
        json["valid"] = false;
        json["reason"] = sentinel.up ? "it gave no usable answer" : sentinel.failure;
        return json;
    }
    const auto age = now.steady - vote->answered_at;
    json["valid"] = age <= vote_ttl;
    json["address"] = vote->address ? Json(to_string(*vote->address)) : Json();
    json["epoch"] = vote->config_epoch;
    json["flags"] = flag_words(vote->flags);
    json["age_ms"] = duration_cast<milliseconds>(age).count();
    json["id"] = vote->sentinel_id;
    return json;
}

Json watch_json(
    const verdict::Watch& watch, std::span<const SentinelReport> sentinels, const Moment& now)
{
    const auto& verdict = watch.verdict();
    Json json{
        {"name", watch.subject().name},
        {"state", verdict::name_of(verdict.state)},
        {"open", verdict.open},
        {"server", verdict.server.empty() ? Json() : Json(verdict.server)},
        {"address", verdict.address ? Json(to_string(*verdict.address)) : Json()},
        {"epoch", verdict.epoch},
        {"votes", verdict.votes},
        {"majority", sentinel::majority_of(verdict.sentinels)},
        {"sentinels", verdict.sentinels},
        {"reason", verdict.reason},
        {"since", utc_text(watch.since(), now)},
    };
    Json votes = Json::array();
    for (std::size_t i = 0; i < sentinels.size(); ++i)
        votes.push_back(vote_json(sentinels[i], watch.ballots()[i], watch.subject().vote_ttl, now));
    json["ballots"] = std::move(votes);
    return json;
}

std::string text_of(const Json& json)
{
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string masters_json(
    std::span<const verdict::Watch> watches, std::span<const SentinelReport> sentinels,
    const Moment& now)
{
    Json json{{"time", utc_text(now.system)}};
    json["sentinels"] = Json::array();
    for (const auto& sentinel : sentinels) {
        Json one{{"address", sentinel.address}, {"up", sentinel.up}};
        if (!sentinel.up)
            one["failure"] = sentinel.failure;
        json["sentinels"].push_back(std::move(one));
    }
    json["masters"] = Json::array();
    for (const auto& watch : watches)
        json["masters"].push_back(watch_json(watch, sentinels, now));
    return text_of(json);
}

std::optional<std::string> master_json(
    std::span<const verdict::Watch> watches, std::string_view name,
    std::span<const SentinelReport> sentinels, const Moment& now)
{
    const auto watch = std::ranges::find_if(
        watches, [&](const verdict::Watch& each) { return each.subject().name == name; });
    if (watch == watches.end())
        return std::nullopt;
    return text_of(watch_json(*watch, sentinels, now));
}

}  // namespace spoa::telemetry
