// The messages of a NOTIFY frame: [ <MESSAGE-NAME:string> <NB-ARGS:1 byte> <KV-LIST> ... ].
// Specification: HAProxy doc/SPOE.txt, 3.2 and 3.2.6.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string_view>

namespace spoa::spop {

// One message; its arguments follow in the payload, to be taken with take_key_value.
struct MessageHeader {
    std::string_view name;
    std::uint8_t argument_count = 0;
};

// Takes the name and the argument count of a message off the front of a NOTIFY payload.
[[nodiscard]] result<MessageHeader> take_message_header(ByteView& payload);

}  // namespace spoa::spop
