#include "agent/hand_over.hpp"

#include "spop/frame_header.hpp"
#include "spop/frame_splitter.hpp"
#include "spop/u32.hpp"

#include <boost/system/errc.hpp>

#include <optional>

namespace spoa::agent {
namespace {

constexpr std::byte version{1};

void put_byte(Bytes& out, std::byte value)
{
    out.push_back(value);
}

void put_number(Bytes& out, std::size_t value)
{
    out.resize(out.size() + spop::u32_size);
    spop::put_u32(&out[out.size() - spop::u32_size], static_cast<std::uint32_t>(value));
}

std::optional<ByteView> take(ByteView& in, std::size_t size)
{
    if (in.size() < size)
        return std::nullopt;
    const auto taken = in.first(size);
    in = in.subspan(size);
    return taken;
}

std::optional<std::uint32_t> take_number(ByteView& in)
{
    const auto digits = take(in, spop::u32_size);
    if (!digits)
        return std::nullopt;
    return spop::get_u32(*digits);
}

// Whether these bytes are less than one frame, and may become one.
bool is_start_of_frame(ByteView bytes, std::uint32_t max_frame_size)
{
    spop::FrameSplitter frames(max_frame_size);
    frames.put(bytes);
    const auto frame = frames.next();
    return frame && !*frame;
}

}  // namespace

Bytes encode(const HandOver& state)
{
    Bytes out;
    put_byte(out, version);
    put_byte(out, std::byte{state.greeted});
    put_number(out, state.max_frame_size);
    put_number(out, state.unread.size());
    append(out, state.unread);
    append(out, state.unwritten);
    return out;
}

result<HandOver> decode_hand_over(ByteView message)
{
    const error_code bad = make_error_code(boost::system::errc::bad_message);
    const auto start = take(message, 2);
    if (!start || (*start)[0] != version || (*start)[1] > std::byte{1})
        return bad;
    const auto max_frame_size = take_number(message);
    const auto unread_size = take_number(message);
    if (!max_frame_size || !unread_size)
        return bad;
    const auto unread = take(message, *unread_size);
    if (!unread)
        return bad;

    const bool greeted = (*start)[1] != std::byte{0};
    if (*max_frame_size < spop::smallest_max_frame_size ||
        *max_frame_size > spop::largest_max_frame_size ||
        !is_start_of_frame(*unread, *max_frame_size) || (!greeted && !message.empty()))
        return bad;
    return HandOver{
        greeted,
        *max_frame_size,
        {unread->begin(), unread->end()},
        {message.begin(), message.end()}};
}

}  // namespace spoa::agent
