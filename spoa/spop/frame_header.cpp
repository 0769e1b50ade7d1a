#include "spop/frame_header.hpp"

#include "spop/error.hpp"
#include "spop/varint.hpp"

namespace spoa::spop {
namespace {

constexpr std::size_t type_and_flags_size = 1 + u32_size;

}  // namespace

result<FrameHeader> take_frame_header(ByteView& frame)
{
    if (frame.size() < type_and_flags_size)
        return Errc::frame_too_small;
    FrameHeader header;
    header.type = static_cast<FrameType>(frame[0]);
    header.flags = get_u32(frame.subspan(1));
    frame = frame.subspan(type_and_flags_size);

    const auto stream_id = take_varint(frame);
    if (!stream_id)
        return stream_id.error();
    const auto frame_id = take_varint(frame);
    if (!frame_id)
        return frame_id.error();
    header.stream_id = *stream_id;
    header.frame_id = *frame_id;
    return header;
}

std::size_t begin_frame(Bytes& out, const FrameHeader& header)
{
    const auto start = out.size();
    out.resize(start + length_prefix_size + type_and_flags_size);
    out[start + length_prefix_size] = static_cast<std::byte>(header.type);
    put_u32(&out[start + length_prefix_size + 1], header.flags);
    put_varint(out, header.stream_id);
    put_varint(out, header.frame_id);
    return start;
}

void end_frame(Bytes& out, std::size_t start)
{
    put_u32(&out[start], static_cast<std::uint32_t>(out.size() - start - length_prefix_size));
}

}  // namespace spoa::spop
