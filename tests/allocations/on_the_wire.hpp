#pragma once

#include "agent/spop_frames.hpp"

namespace spoa::test {

// The frame as it is sent: its length in front.
inline Bytes on_the_wire(const Bytes& frame)
{
    Bytes out;
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        out.push_back(static_cast<std::byte>(frame.size() >> shift));
    append(out, frame);
    return out;
}

// So many NOTIFYs with these messages, one behind the other.
inline Bytes questions_on_the_wire(const Bytes& messages, std::size_t count)
{
    Bytes out;
    for (std::size_t i = 0; i < count; ++i)
        append(out, on_the_wire(notify(messages, i + 1)));
    return out;
}

}  // namespace spoa::test
