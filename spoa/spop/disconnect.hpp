// The last frame of each side: a status code and a sentence.
// Specification: HAProxy doc/SPOE.txt, 3.2.8, 3.2.9 and 3.5.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string_view>

namespace spoa::spop {

enum class DisconnectStatus : std::uint32_t {
    normal = 0,
    io_error = 1,
    timeout = 2,
    too_big = 3,
    invalid = 4,
    no_version = 5,
    no_max_frame_size = 6,
    no_capabilities = 7,
    unsupported_version = 8,
    bad_max_frame_size = 9,
    fragmentation_not_supported = 10,
    interlaced_frames = 11,
    frame_id_not_found = 12,
    resource_error = 13,
    unknown_error = 99,
};

// The status that tells HAProxy what we could not take.
DisconnectStatus disconnect_status(const error_code& error) noexcept;

// Appends the whole AGENT-DISCONNECT frame.
void put_agent_disconnect(Bytes& out, DisconnectStatus status, std::string_view message);

struct HaproxyDisconnect {
    std::uint32_t status_code = 0;
    std::string_view message;  // a view into the frame
};

// Reads the payload of HAPROXY-DISCONNECT. Whatever is missing keeps its default: the peer is
// leaving either way.
[[nodiscard]] result<HaproxyDisconnect> parse_haproxy_disconnect(ByteView payload);

}  // namespace spoa::spop
