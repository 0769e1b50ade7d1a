// What HAProxy sends, in bytes.
#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <string_view>

namespace spoa::bench {

// HAPROXY-HELLO as HAProxy 2.6 sends it, but for its `async`.
Bytes hello_frame();

// The question for the master of `name`; without an argument that is empty.
Bytes notify_frame(std::uint64_t stream_id, std::string_view name, std::string_view role = {});

}  // namespace spoa::bench
