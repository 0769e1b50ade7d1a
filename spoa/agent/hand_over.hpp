// What a HAProxy connection needs to go on in another process, as the one process tells the other:
//
//   <VERSION:1> <GREETED:1> <MAX-FRAME-SIZE:4> <SIZE OF unread:4> <unread> <unwritten>
//
// Numbers of 4 bytes are in network order.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <cstdint>

namespace spoa::agent {

// Everything HAProxy has asked before is answered, but for what is here.
struct HandOver {
    bool greeted = false;
    std::uint32_t max_frame_size = 0;  // agreed on, once it is greeted
    Bytes unread;                      // the start of a frame whose rest has not come
    Bytes unwritten;                   // what HAProxy has to be sent first

    bool operator==(const HandOver&) const = default;
};

Bytes encode(const HandOver& state);

// An error for whatever encode() cannot have made of a conversation: the other process may be of
// another version, or broken.
[[nodiscard]] result<HandOver> decode_hand_over(ByteView message);

}  // namespace spoa::agent
