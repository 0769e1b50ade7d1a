#pragma once

#include "config/config.hpp"
#include "config/parsed.hpp"
#include "twemproxy/server_entry.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::twemproxy {

// A server of a pool, and where it stands in the text.
struct PoolServer {
    ServerEntry entry;
    std::string text;        // the whole value, as YAML reads it
    std::size_t offset = 0;  // of the value in the text: its quote, or its first character
    int line = 0;            // counted from 1
};

struct Pool {
    std::string name;
    std::string listen;  // host:port, or the path of a UNIX socket
    bool redis = false;
    config::Secret redis_auth;
    std::vector<PoolServer> servers;
    int line = 0;  // of its name, counted from 1

    // Which of several is meant: by its name, or else by its number, from 1; empty is the only one.
    // A sentence when there is none.
    config::Parsed<std::size_t> find_server(std::string_view which) const;
};

// The pools of a nutcracker.yml, or a sentence that says what to change in it: what nutcracker
// itself would refuse without a reason, such as two pools on one port, has one here. No sentence
// quotes the file, which may be a link to another one that is not for everybody's eyes.
config::Parsed<std::vector<Pool>> read_pools(std::string_view text);

// A sentence when there is no pool of this name.
config::Parsed<std::size_t> find_pool(const std::vector<Pool>& pools, std::string_view name);

}  // namespace spoa::twemproxy
