// What a NOTIFY frame asks of us: the message `sentinel-verdict` with the arguments `master`
// (the monitored name; may be left out when only one is configured) and `role` (`master`, which is
// the default, or `replica`).
#pragma once

#include "agent/topic.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"

#include <optional>
#include <string_view>

namespace spoa::agent {

inline constexpr std::string_view message_name = "sentinel-verdict";

struct Query {
    bool asked = false;                      // a message of ours was in the frame
    std::optional<std::string_view> master;  // a view into the frame
    bool bad_master = false;                 // `master` was there and no string
    Role role = Role::master;
};

// Reads all messages of a NOTIFY payload; unknown messages and arguments are skipped. Of several
// messages of ours the last one counts.
[[nodiscard]] result<Query> parse_query(ByteView payload);

}  // namespace spoa::agent
