#pragma once

#include "node/reply_parser.hpp"

#include <cstdint>
#include <optional>

namespace spoa::node {

// A data node whose process was replaced by another one, and what each of the two had.
struct Restart {
    Info before;
    Info after;  // once it has loaded its data

    // It lost data. Both went back: an offset alone starts anew wherever an append-only file was
    // loaded, and keys alone expire.
    bool has_less() const { return after.offset < before.offset && after.keys < before.keys; }
};

// Notices the restarts of one data node. While it is down or loads its data, it goes by what it
// knew.
class RestartWatch {
public:
    // The node answered this; a restart when it is the first answer of another process that is not
    // loading.
    std::optional<Restart> take(const Info& info);

private:
    std::optional<Info> last_;
};

}  // namespace spoa::node
