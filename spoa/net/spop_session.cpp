#include "net/spop_session.hpp"

#include "agent/late_answers.hpp"
#include "net/timeout.hpp"
#include "spop/disconnect.hpp"
#include "spop/frame_splitter.hpp"

#include <boost/asio/deferred.hpp>

namespace asio = boost::asio;

namespace spoa::net {
namespace {

using agent::SpopError;
using Clock = std::chrono::steady_clock;

// HAProxy 3.1 and later end connections by reset; that is as normal as an orderly end.
bool peer_left(const error_code& error)
{
    return error == asio::error::eof || error == asio::error::connection_reset ||
           error == asio::error::broken_pipe;
}

// Counts an unusual end of a session.
void count_end(
    agent::Desk& desk, const error_code& error, const Deadline& deadline, SpopError when_late)
{
    if (deadline.passed())
        desk.tally.count(when_late);
    else if (!peer_left(error) && error != asio::error::operation_aborted)
        desk.tally.count(SpopError::io);
}

// As as_result, for the wait of each turn: awaited without a coroutine frame of its own.
constexpr auto in_place = asio::as_tuple(asio::deferred);

// An idle session keeps no more memory than this for reading and writing each.
constexpr std::size_t idle_buffer = spop::FrameSplitter::smallest_read;
constexpr auto idle_after = std::chrono::seconds(1);

bool holds_much(const spop::FrameSplitter& frames, const Bytes& reply)
{
    return frames.capacity() > idle_buffer || reply.capacity() > idle_buffer;
}

// Answers every whole frame that was read. False: send the reply, then hang up.
bool answer_frames(spop::FrameSplitter& frames, agent::Conversation& conversation, Bytes& reply)
{
    for (;;) {
        const auto frame = frames.next();
        if (!frame) {
            conversation.on_bad_stream(frame.error(), reply);
            return false;
        }
        if (!*frame)
            return true;
        if (!conversation.on_frame(**frame, reply))
            return false;
        frames.set_max_frame_size(conversation.max_frame_size());
    }
}

// How one session counts as open, and stops counting however it ends.
class OpenConnection {
public:
    explicit OpenConnection(agent::Tally& tally) : tally_(tally)
    {
        tally_.connections_opened.add();
    }
    OpenConnection(const OpenConnection&) = delete;
    OpenConnection& operator=(const OpenConnection&) = delete;
    ~OpenConnection() { tally_.connections_closed.add(); }

private:
    agent::Tally& tally_;
};

// Writes it all, waiting for a peer that reads slowly. `bytes` is what is left after an error.
asio::awaitable<error_code> write_all(ReadySocket& socket, ByteView& bytes)
{
    for (;;) {
        const auto sent = socket.write_some(bytes);
        if (!sent)
            co_return sent.error();
        bytes = bytes.subspan(*sent);
        if (bytes.empty())
            co_return error_code();
        const auto [error] = co_await socket.async_wait(ReadySocket::Wait::write, as_result);
        if (error)
            co_return error;
    }
}

// Writes what is left of `reply` after `sent` bytes. False: that is the end of the session. When it
// was told to end meanwhile, `reply` still has what was not written.
asio::awaitable<bool> write_rest(
    ReadySocket& socket, Bytes& reply, std::size_t sent, const Deadline& deadline,
    agent::Desk& desk)
{
    auto rest = ByteView(reply).subspan(sent);
    const auto error = co_await write_all(socket, rest);
    reply.erase(reply.begin(), reply.end() - static_cast<std::ptrdiff_t>(rest.size()));
    if (!error || (error == asio::error::operation_aborted && !deadline.passed()))
        co_return true;
    count_end(desk, error, deadline, SpopError::write_timeout);
    co_return false;
}

asio::awaitable<void> say_goodbye(
    ReadySocket& socket, Deadline& deadline, SessionLimits limits, Bytes goodbye)
{
    spop::put_agent_disconnect(goodbye, spop::DisconnectStatus::normal, "the agent is stopping");
    deadline.extend(limits.write);
    ByteView rest(goodbye);
    co_await write_all(socket, rest);
}

}  // namespace

// Read what is there, answer every whole frame in it, write once. HAProxy pipelines frames,
// so one read and one write often serve many of them.
asio::awaitable<void> run_spop_session(
    Descriptor accepted, ReadySockets& ready, agent::Desk& desk, const SnapshotClock& clock,
    Deadlines& deadlines, SessionLimits limits, Heir& heir, std::unique_ptr<agent::HandOver> before)
{
    const OpenConnection open_connection(desk.tally);
    ReadySocket socket(ready, std::move(accepted));
    agent::Conversation conversation(desk, limits.max_frame_size);
    if (before && before->greeted)
        conversation.resume(before->max_frame_size);
    spop::FrameSplitter frames(conversation.max_frame_size());
    Bytes reply;
    Deadline deadline(deadlines, socket);
    deadline.extend(limits.hello);
    bool reading = false;
    conversation.on_late_reply = [&] {
        if (reading)
            socket.cancel();
    };

    // Cancellation ends the loop below, and what is written after it must not throw for it.
    co_await asio::this_coro::throw_if_cancelled(false);
    if (before) {
        frames.put(before->unread);
        reply = std::move(before->unwritten);
        before.reset();
        if (!reply.empty()) {
            deadline.extend(limits.write);
            if (!co_await write_rest(socket, reply, 0, deadline, desk))
                co_return;
        }
        if (frames.has_partial_frame())
            deadline.extend(limits.frame);
        else if (conversation.greeted())
            deadline.lift();
    }
    for (bool in_frame = false;;) {
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            break;
        reading = true;
        const auto [wait_error] = co_await socket.async_wait(ReadySocket::Wait::read, in_place);
        reading = false;
        const auto read =
            wait_error ? result<std::size_t>(wait_error) : socket.read_some(frames.space());
        const auto read_error = read ? error_code() : read.error();
        // By a late reply, by cancellation, or by the limit of an idle session that holds much; in
        // none of these was anything read.
        const bool aborted = read_error == asio::error::operation_aborted &&
                             (conversation.greeted() || !deadline.passed());
        const bool idle = aborted && deadline.passed() && !frames.has_partial_frame();
        if (read_error && !idle && !(aborted && !deadline.passed())) {
            count_end(
                desk,
                read_error,
                deadline,
                conversation.greeted() ? SpopError::frame_timeout : SpopError::hello_timeout);
            co_return;
        }

        if (idle) {
            frames.shrink();
            Bytes().swap(reply);
        }
        const auto read_at = Clock::now();
        const auto answers_before = conversation.answers();
        desk.now = read_at;
        desk.stale = clock.is_stale(read_at);
        frames.commit(read ? *read : 0);
        const bool open = answer_frames(frames, conversation, reply);
        const auto answered_at = Clock::now();
        if (const auto answers = conversation.answers() - answers_before; answers > 0)
            desk.tally.count_answers(answers, answered_at - read_at);

        if (open)
            conversation.take_late_replies(reply);
        const bool replied = !reply.empty();
        if (replied)
            deadline.set(answered_at + limits.write);
        while (!reply.empty()) {
            if (const auto sent = socket.write_some(reply); !sent || *sent < reply.size()) {
                if (!co_await write_rest(socket, reply, sent ? *sent : 0, deadline, desk))
                    co_return;
                if (!reply.empty())
                    break;
            }
            reply.clear();
            if (open)
                conversation.take_late_replies(reply);
            if (!reply.empty())
                deadline.extend(limits.write);
        }
        if (!open)
            co_return;

        // A limit stands from the first byte of a frame and is not renewed by each further byte.
        if (!conversation.greeted())
            continue;
        // Between frames there is none; only what a burst has made large is given back.
        if (frames.has_partial_frame()) {
            if (!in_frame || replied)
                deadline.extend(limits.frame);
        } else if (holds_much(frames, reply)) {
            deadline.set(answered_at + idle_after);
        } else {
            deadline.lift();
        }
        in_frame = frames.has_partial_frame();
    }
    agent::answer_all(desk);
    conversation.take_late_replies(reply);
    const auto rest = frames.rest();
    if (heir.take(
            socket.native_handle(),
            {conversation.greeted(),
             conversation.max_frame_size(),
             {rest.begin(), rest.end()},
             reply}))
        co_return;
    if (!conversation.greeted())
        co_return;
    // What HAProxy has asked by now is answered first, in the same write.
    desk.now = Clock::now();
    desk.stale = clock.is_stale(desk.now);
    const auto read = socket.read_some(frames.space());
    frames.commit(read ? *read : 0);
    if (answer_frames(frames, conversation, reply)) {
        agent::answer_all(desk);
        conversation.take_late_replies(reply);
        co_await say_goodbye(socket, deadline, limits, std::move(reply));
    }
}

}  // namespace spoa::net
