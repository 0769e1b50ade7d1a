// Any bytes as what another version of the agent hands over: refused, or a connection that can go
// on, which is handed over again as the same.
#include "agent/conversation.hpp"
#include "agent/hand_over.hpp"
#include "agent/verdicts.hpp"
#include "fuzz/promise.hpp"
#include "spop/frame_splitter.hpp"

#include <algorithm>
#include <cstdint>

using namespace spoa;
using fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto message = std::as_bytes(std::span(data, size));
    const auto state = agent::decode_hand_over(message);
    if (!state)
        return 0;
    expect(std::ranges::equal(agent::encode(*state), message), "it survives another upgrade");

    agent::Desk desk{
        test::snapshot_of({"mymaster"}, {test::good_verdict()}), agent::Tally(1), false};
    agent::Conversation conversation(desk, 16'380);
    if (state->greeted)
        conversation.resume(state->max_frame_size);
    spop::FrameSplitter frames(state->max_frame_size);
    frames.put(state->unread);
    const auto frame = frames.next();
    expect(frame.has_value() && !*frame, "what is unread is the start of a frame");
    expect(std::ranges::equal(frames.rest(), state->unread), "all of it is kept");
    return 0;
}
