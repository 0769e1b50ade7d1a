#include "load_connection.hpp"

#include "ack_check.hpp"
#include "frames.hpp"
#include "spop/frame_header.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace spoa::bench {
namespace {

constexpr std::uint32_t max_frame_size = 16'380;
constexpr int hello_limit_ms = 10'000;

}  // namespace

Descriptor greeted_connection(const SocketAddress& target)
{
    auto socket = connect_to(target);
    const auto hello = hello_frame();
    if (send(socket.number(), hello.data(), hello.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(hello.size()))
        throw std::runtime_error("the HELLO could not be sent");
    pollfd wanted{socket.number(), POLLIN, 0};
    std::array<std::byte, 512> reply{};
    const auto size = poll(&wanted, 1, hello_limit_ms) == 1
                          ? recv(socket.number(), reply.data(), reply.size(), 0)
                          : 0;
    // The agent writes its HELLO in one piece, and nothing more before a question.
    ByteView frame(reply.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    if (frame.size() > spop::length_prefix_size)
        frame = frame.subspan(spop::length_prefix_size);
    const auto header = spop::take_frame_header(frame);
    if (!header || header->type != spop::FrameType::agent_hello)
        throw std::runtime_error("no AGENT-HELLO in answer to the HELLO");
    return socket;
}

LoadConnection::LoadConnection(const LoadSettings& settings, std::uint64_t first_stream_id)
    : settings_(settings),
      first_stream_id_(first_stream_id),
      socket_(
          settings.raw_reply > 0 ? connect_to(settings.target)
                                 : greeted_connection(settings.target)),
      frames_(max_frame_size)
{
    for (std::uint64_t i = 0; i < ids_a_connection + settings.in_flight; ++i)
        append(
            questions_,
            notify_frame(first_stream_id + i % ids_a_connection, settings.name, settings.role));
    request_size_ = questions_.size() / (ids_a_connection + settings.in_flight);
}

bool LoadConnection::ask(std::size_t count, Clock::time_point due)
{
    const auto* const first = &questions_[asked_ % ids_a_connection * request_size_];
    const auto size = count * request_size_;
    // What is under way is bounded and small, so it always fits the socket's buffer.
    if (send(socket_.number(), first, size, MSG_NOSIGNAL) != static_cast<ssize_t>(size))
        return false;
    asked_ += count;
    under_way_ += count;
    batches_.push_back({due, count});
    return true;
}

Received LoadConnection::receive(LoadResult& result)
{
    static std::array<std::byte, spop::FrameSplitter::largest_read> raw;
    const bool is_raw = settings_.raw_reply > 0;
    const auto space = is_raw ? std::span<std::byte>(raw) : frames_.space();
    const auto size = recv(socket_.number(), space.data(), space.size(), 0);
    Received received;
    if (size <= 0) {
        received.closed = true;
    } else if (is_raw) {
        raw_bytes_ += static_cast<std::size_t>(size);
        received.answers = raw_bytes_ / settings_.raw_reply;
        raw_bytes_ %= settings_.raw_reply;
    } else {
        frames_.commit(static_cast<std::size_t>(size));
        received.closed = !take_answers(result, received.answers);
    }
    settle(received.answers, result);
    return received;
}

// False: what came is no SPOP, or nobody has asked for it.
bool LoadConnection::take_answers(LoadResult& result, std::uint64_t& answers)
{
    for (;;) {
        const auto frame = frames_.next();
        if (frame && !*frame)
            return true;
        if (!frame || answers == under_way_) {
            ++result.faults;
            result.first_fault = frame ? "a frame that nobody has asked for" : "no frame of SPOP";
            return false;
        }
        if (settings_.verify)
            verify(**frame, result);
        result.reply_size = (*frame)->size() + spop::length_prefix_size;
        ++answers;
        ++answered_;
    }
}

void LoadConnection::verify(ByteView frame, LoadResult& result)
{
    const Expected expected{
        first_stream_id_ + answered_ % ids_a_connection, settings_.state, settings_.server};
    auto fault = fault_of_ack(frame, expected);
    if (fault.empty())
        return;
    if (result.faults++ == 0)
        result.first_fault = std::move(fault);
}

void LoadConnection::settle(std::uint64_t answers, LoadResult& result)
{
    result.answers += answers;
    under_way_ -= answers;
    const auto now = Clock::now();
    while (answers > 0) {
        auto& batch = batches_.front();
        const auto settled = std::min<std::uint64_t>(answers, batch.questions);
        result.latency.record(static_cast<std::uint64_t>((now - batch.due).count()), settled);
        answers -= settled;
        batch.questions -= settled;
        if (batch.questions == 0)
            batches_.pop_front();
    }
}

}  // namespace spoa::bench
