// What stands before the payload of every frame.
//
//   <FRAME-LENGTH:4 bytes> <FRAME-TYPE:1 byte> <FLAGS:4 bytes> <STREAM-ID:varint> <FRAME-ID:varint>
//
// Numbers of 4 bytes are in network order; FRAME-LENGTH does not count itself.
// Specification: HAProxy doc/SPOE.txt, 3.2.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "spop/frame_type.hpp"
#include "spop/u32.hpp"

#include <cstdint>

namespace spoa::spop {

inline constexpr std::size_t length_prefix_size = u32_size;
inline constexpr std::uint32_t smallest_max_frame_size = 256;  // that the specification asks for
inline constexpr std::uint32_t largest_max_frame_size = 1'048'576;  // that we offer

inline constexpr std::uint32_t flag_fin = 1;
inline constexpr std::uint32_t flag_abort = 2;

struct FrameHeader {
    FrameType type = FrameType::unset;
    std::uint32_t flags = flag_fin;
    std::uint64_t stream_id = 0;
    std::uint64_t frame_id = 0;

    bool operator==(const FrameHeader&) const = default;
};

// Takes the header off the front of a frame without its length; what is left is the payload.
[[nodiscard]] result<FrameHeader> take_frame_header(ByteView& frame);

// Starts a frame in `out`: room for its length, then the header. Returns where it starts, for
// end_frame.
std::size_t begin_frame(Bytes& out, const FrameHeader& header);

// Writes the length of the frame that began at `start` and ends where `out` ends now.
void end_frame(Bytes& out, std::size_t start);

}  // namespace spoa::spop
