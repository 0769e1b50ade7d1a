// Verdicts, and the desk of a worker that answers with them.
#pragma once

#include "agent/conversation.hpp"
#include "agent/snapshot.hpp"
#include "agent/tally.hpp"
#include "verdict/verdict.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace spoa::test {

// All is well: three of three Sentinels name this address.
inline verdict::Verdict good_verdict(
    std::string server = "R1", Endpoint address = {"10.0.0.1", 6379})
{
    verdict::Verdict made;
    made.state = verdict::State::ok;
    made.address = std::move(address);
    made.server = std::move(server);
    made.open = true;
    made.epoch = 7;
    made.votes = 3;
    made.sentinels = 3;
    return made;
}

// Nobody knows: no address, no traffic.
inline verdict::Verdict shut_verdict(verdict::State state, std::string reason)
{
    verdict::Verdict made;
    made.state = state;
    made.sentinels = 3;
    made.reason = std::move(reason);
    return made;
}

inline std::shared_ptr<const agent::Snapshot> snapshot_of(
    std::vector<std::string> names, const std::vector<verdict::Verdict>& verdicts)
{
    auto index = std::make_shared<agent::NameIndex>(std::move(names));
    std::vector<agent::Update> updates;
    for (std::size_t place = 0; place < verdicts.size(); ++place)
        updates.push_back({place, &verdicts[place]});
    return agent::with_updates(*agent::make_snapshot(std::move(index)), updates);
}

// The counters of a worker that are not zero, `what=count` in a fixed order.
inline std::string counted(const agent::Tally& tally)
{
    std::string out;
    const auto put = [&](const std::string& what, const agent::Count& count) {
        if (count.read() > 0)
            out += (out.empty() ? "" : " ") + what + "=" + std::to_string(count.read());
    };
    for (std::size_t i = 0; i < tally.frames.size(); ++i)
        put(std::string(agent::frame_kind_names[i]), tally.frames[i]);
    for (std::size_t i = 0; i < tally.errors.size(); ++i)
        put("error:" + std::string(agent::spop_error_names[i]), tally.errors[i]);
    for (std::size_t place = 0; place < tally.verdicts.size(); ++place)
        for (const auto state : verdict::all_states)
            put(std::to_string(place) + ":" + std::string(verdict::name_of(state)),
                tally.verdicts[place][static_cast<std::size_t>(state)]);
    put("no-such-name", tally.unknown_names);
    return out;
}

}  // namespace spoa::test
