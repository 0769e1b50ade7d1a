// Any bytes as the stream of one HAProxy connection: every reply must be whole frames, and an
// answer never longer than what was agreed on.
#include "agent/conversation.hpp"
#include "spop/frame_splitter.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

using namespace spoa;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const auto snapshot = agent::make_snapshot(
        std::make_shared<agent::NameIndex>(std::vector<std::string>{"mymaster", "other"}));
    agent::Desk desk{snapshot, agent::Tally(2), false};
    agent::Conversation conversation(desk, 16'380);
    spop::FrameSplitter frames(16'380);
    auto rest = std::as_bytes(std::span(data, size));
    Bytes reply;
    for (bool open = true; open && !rest.empty();) {
        const auto space = frames.space();
        const auto taken = std::min({space.size(), rest.size(), std::size_t{97}});
        std::copy_n(rest.begin(), taken, space.begin());
        frames.commit(taken);
        rest = rest.subspan(taken);
        while (open) {
            const auto frame = frames.next();
            if (!frame) {
                conversation.on_bad_stream(frame.error(), reply);
                open = false;
            } else if (!*frame) {
                break;
            } else {
                open = conversation.on_frame(**frame, reply);
                frames.set_max_frame_size(conversation.max_frame_size());
            }
        }
    }
    spop::FrameSplitter replies(conversation.max_frame_size());
    for (ByteView left = reply; !left.empty();) {
        const auto space = replies.space();
        const auto taken = std::min(space.size(), left.size());
        std::copy_n(left.begin(), taken, space.begin());
        replies.commit(taken);
        left = left.subspan(taken);
        for (auto frame = replies.next();; frame = replies.next()) {
            if (!frame)
                std::abort();
            if (!*frame)
                break;
        }
    }
    if (replies.has_partial_frame())
        std::abort();
    return 0;
}
