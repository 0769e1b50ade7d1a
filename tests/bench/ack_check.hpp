#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <string>

namespace spoa::bench {

// What an ACK has to say; an empty text means that anything will do.
struct Expected {
    std::uint64_t stream_id = 0;
    std::string state;
    std::string server;
};

// What is wrong with this frame (without its length) as the ACK of a NOTIFY; empty when nothing
// is: type, FIN alone, both ids, every action whole and well-formed, state and server as expected.
std::string fault_of_ack(ByteView frame, const Expected& expected);

}  // namespace spoa::bench
