// The first frame of each side: versions, frame size, capabilities.
// Specification: HAProxy doc/SPOE.txt, 3.2.4 and 3.2.5.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string_view>

namespace spoa::spop {

// HAPROXY-HELLO, views into the frame. HAProxy 2.4 to 3.4 send "2.0", 16380, "pipelining"
// (up to 3.0 also "async"); a health check has empty capabilities and no engine-id.
struct HaproxyHello {
    std::string_view supported_versions;
    std::uint32_t max_frame_size = 0;
    std::string_view capabilities;
    bool healthcheck = false;
    std::string_view engine_id;
};

// Reads the payload of HAPROXY-HELLO. Keys it does not know are skipped; what is mandatory must
// be there and have its type.
[[nodiscard]] result<HaproxyHello> parse_haproxy_hello(ByteView payload);

// What both sides agreed on.
struct Agreement {
    std::uint32_t max_frame_size = 0;
    bool pipelining = false;
    bool healthcheck = false;
};

// Answers an offer: SPOP 2.0, the smaller frame size, pipelining when it was offered. Neither
// `async` nor `fragmentation` is ever asked for or demanded.
[[nodiscard]] result<Agreement> negotiate(
    const HaproxyHello& offer, std::uint32_t own_max_frame_size);

// Appends the whole AGENT-HELLO frame.
void put_agent_hello(Bytes& out, const Agreement& agreement);

}  // namespace spoa::spop
