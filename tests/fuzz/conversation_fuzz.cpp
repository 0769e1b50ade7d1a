// Any bytes as what one HAProxy connection sends. Whatever they are and however they are cut: the
// agent says one whole frame or nothing about each frame, never more than was agreed on; it
// answers every NOTIFY by its ids and with actions that HAProxy takes; after a farewell it is
// silent.
#include "agent/conversation.hpp"
#include "agent/spop_frames.hpp"
#include "agent/verdicts.hpp"
#include "fuzz/cuts.hpp"
#include "fuzz/promise.hpp"
#include "spop/frame_splitter.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

using namespace spoa;
using fuzz::expect;

namespace {

constexpr std::uint32_t largest_frame = 16'380;
constexpr unsigned notify_type = 3;
constexpr unsigned agent_hello_type = 101;
constexpr unsigned agent_disconnect_type = 102;
constexpr unsigned ack_type = 103;

// Of every kind of answer one, the longest among them.
agent::Desk make_desk()
{
    const std::string longest_name(64, 'R');
    return {
        test::snapshot_of(
            {"mymaster", "other", "named", "shut", "fresh"},
            {test::good_verdict(),
             test::good_verdict(longest_name, {"2001:db8::ffff:ffff:ffff:ffff", 65'535}),
             test::good_verdict("", {"redis-1.example", 6379}),
             test::shut_verdict(verdict::State::no_quorum, std::string(500, 'x'))}),
        agent::Tally(5),
        false};
}

// One conversation, listened to.
class Session {
public:
    explicit Session(agent::Desk& desk) : conversation_(desk, largest_frame) {}

    void take(ByteView frame)
    {
        const bool was_greeted = conversation_.greeted();
        const auto before = said_.size();
        const bool goes_on = conversation_.on_frame(frame, said_);
        const auto reply = ByteView(said_).subspan(before);
        expect(open_ || (reply.empty() && !goes_on), "nothing is said after the end");
        if (!reply.empty())
            check_reply(frame, reply, was_greeted, goes_on);
        else if (was_greeted && goes_on)
            expect(std::to_integer<unsigned>(frame[0]) != notify_type, "a NOTIFY is answered");
        open_ = goes_on;
    }

    void end(const error_code& error)
    {
        const auto before = said_.size();
        const bool was_greeted = conversation_.greeted();
        conversation_.on_bad_stream(error, said_);
        open_ = false;
        const auto frames = test::frames_in(ByteView(said_).subspan(before));
        expect(frames.size() == (was_greeted ? 1U : 0U), "HAProxy alone hears why it is left");
        if (was_greeted)
            expect(frames[0].type == agent_disconnect_type, "the last word is a farewell");
    }

    bool open() const { return open_; }
    std::uint32_t max_frame_size() const { return conversation_.max_frame_size(); }
    const Bytes& said() const { return said_; }

private:
    // The decoders throw on a reply that is not whole or not well-formed; nobody catches it.
    void check_reply(ByteView frame, ByteView reply, bool was_greeted, bool goes_on) const
    {
        const auto frames = test::frames_in(reply);
        expect(frames.size() == 1, "one frame answers one frame");
        const auto& said = frames[0];
        expect(said.size <= max_frame_size(), "no frame is larger than agreed on");
        expect(said.flags == 1, "no frame is fragmented");
        switch (said.type) {
            case agent_hello_type: {
                const auto items = test::items_in(said.payload);
                expect(!was_greeted, "one HELLO a connection");
                expect(items.at("version") == "string 2.0", "SPOP 2.0 is spoken");
                expect(
                    items.at("max-frame-size") == "uint32 " + std::to_string(max_frame_size()),
                    "the agreed size is told");
                break;
            }
            case ack_type: {
                test::Cursor asked(frame);
                const auto type = asked.byte();
                asked.u32();
                expect(was_greeted && type == notify_type, "an ACK answers a NOTIFY");
                expect(asked.varint() == said.stream_id, "the ACK has the NOTIFY's stream-id");
                expect(asked.varint() == said.frame_id, "the ACK has the NOTIFY's frame-id");
                expect(!test::variables_in(said.payload).empty(), "an ACK has an action");
                expect(goes_on, "the connection outlives an answer");
                break;
            }
            case agent_disconnect_type:
                expect(!goes_on, "a farewell is the last word");
                expect(test::items_in(said.payload).size() == 2, "a farewell says why");
                break;
            default: expect(false, "an agent says HELLO, ACK or DISCONNECT");
        }
    }

    agent::Conversation conversation_;
    Bytes said_;
    bool open_ = true;
};

// What is said about a stream that comes in pieces of the sizes `next(left)`.
template <class Next>
Bytes converse(agent::Desk& desk, ByteView stream, Next next)
{
    Session session(desk);
    spop::FrameSplitter frames(largest_frame);
    while (!stream.empty()) {
        const auto space = frames.space();
        const auto piece = stream.first(std::min(space.size(), next(stream.size())));
        std::ranges::copy(piece, space.begin());
        frames.commit(piece.size());
        stream = stream.subspan(piece.size());
        for (;;) {
            const auto frame = frames.next();
            if (!frame) {
                if (session.open())
                    session.end(frame.error());
                return session.said();
            }
            if (!*frame)
                break;
            // A block of its own: a sanitizer sees a read beyond the frame.
            session.take(Bytes((*frame)->begin(), (*frame)->end()));
            frames.set_max_frame_size(session.max_frame_size());
        }
    }
    return session.said();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static auto desk = make_desk();
    const auto stream = std::as_bytes(std::span(data, size));
    fuzz::Cuts cuts(stream);
    desk.stale = cuts.coin() && cuts.coin();
    const auto whole = converse(desk, stream, [](std::size_t left) { return left; });
    const auto pieces = converse(desk, stream, [&](std::size_t left) { return cuts.next(left); });
    expect(whole == pieces, "the cuts of the stream change nothing");
    return 0;
}
