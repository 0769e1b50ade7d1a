// The settings of the agent, with their defaults. What each means, and its range:
// docs/configuration.md.
#pragma once

#include "base/endpoint.hpp"
#include "base/log_settings.hpp"
#include "verdict/policy.hpp"
#include "verdict/replica_policy.hpp"
#include "verdict/server.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spoa::config {

// A password. No stream or format operator, so that it cannot slip into a log line; and once one
// was made, no text of a peer shows it (base/peer_text.hpp). Wipes its memory at the end.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string text);
    Secret(const Secret&) = default;
    Secret& operator=(const Secret& other);
    ~Secret();

    bool empty() const { return text_.empty(); }
    const std::string& reveal() const { return text_; }
    bool operator==(const Secret&) const = default;

private:
    std::string text_;
};

// Password alone means `AUTH password` (requirepass), both `AUTH username password` (ACL).
struct Credentials {
    std::string username;
    Secret password;

    bool operator==(const Credentials&) const = default;
};

// How to speak TLS to a Sentinel or a data node. Paths are those of files that could be read.
struct Tls {
    bool enabled = false;
    std::string ca_file;    // empty: the system's authorities
    std::string cert_file;  // our own certificate: both or none
    std::string key_file;
    std::string server_name;  // empty: the host that is connected to
    bool verify = true;

    bool operator==(const Tls&) const = default;
};

struct Spop {
    std::vector<SocketAddress> listen{{{"127.0.0.1", 9000}, {}}};
    unsigned threads = 1;
    unsigned max_connections = 16'000;  // of all threads together
    unsigned max_frame_size = 16'380;   // bytes; HAProxy's own default
    std::chrono::milliseconds hello_timeout{5'000};
    std::chrono::milliseconds frame_timeout{5'000};
    std::chrono::milliseconds write_timeout{2'000};
    unsigned max_waiting = 10'000;  // questions that wait for a clear verdict, of all threads
    std::string spoe_file;          // HAProxy's, to be checked against policy.wait; empty: none
};

struct Http {
    std::vector<SocketAddress> listen{{{"127.0.0.1", 9005}, {}}};
    std::vector<std::string> hosts;  // by which it may be asked, beside loopback and addresses
};

// One Sentinel. Several may share a host name that has the addresses of all: each has a seat then.
struct Sentinel {
    Endpoint address;
    unsigned seat = 0;                 // from 0
    unsigned seats = 1;                // of the name
    std::optional<Credentials> own{};  // instead of those of all

    bool operator==(const Sentinel&) const = default;
};

// How the Sentinel is called everywhere: HOST:PORT, with a number where it shares the name.
std::string to_string(const Sentinel& sentinel);

struct Sentinels {
    std::vector<Sentinel> addresses;  // all of them: N and the majority come from this list
    Credentials credentials;
    Tls tls;
    std::chrono::milliseconds poll_interval{500};
    std::chrono::milliseconds query_timeout{250};
    std::chrono::milliseconds vote_ttl{1500};
};

using verdict::Server;

// How to ask the data nodes themselves.
struct RedisAccess {
    Credentials credentials;
    Tls tls;
};

struct Master {
    std::string name;                  // as in `sentinel monitor NAME …`
    std::vector<Server> servers;       // empty: any address may be answered, by address only
    std::vector<Server> connect{};     // where HAProxy connects to instead; several a server may be
    std::optional<RedisAccess> redis;  // nothing: the nodes are not asked
    verdict::Policy policy;
    std::optional<verdict::ReplicaPolicy> replicas =
        std::nullopt;  // nothing: role=replica is not offered
};

// A HAProxy whose servers are kept in order, and which of its backends are for which name.
struct Haproxy {
    struct Backend {
        std::string backend;
        std::string master;
        bool reads = false;  // it is for role=replica

        bool operator==(const Backend&) const = default;
    };
    SocketAddress runtime_api;
    std::optional<SocketAddress> master_cli;
    std::vector<Backend> backends;

    bool operator==(const Haproxy&) const = default;
};

// A nutcracker whose file follows the masters.
struct Twemproxy {
    struct Pool {
        std::string pool;
        std::string server;  // its name or number; empty: the only one of the pool
        std::string master;

        bool operator==(const Pool&) const = default;
    };
    std::string file;
    std::vector<Pool> pools;
    std::vector<std::string> restart;  // program and arguments; empty with dry_run alone
    std::chrono::milliseconds restart_timeout{10'000};        // until it answers PING again
    std::vector<std::string> test{"nutcracker", "-t", "-c"};  // the file comes last
    bool dry_run = false;

    bool operator==(const Twemproxy&) const = default;
};

using spoa::LogFormat;
using spoa::LogLevel;

struct Log {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
};

struct Config {
    Spop spop;
    Http http;
    Sentinels sentinels;
    std::vector<Master> masters;
    std::vector<Haproxy> haproxies;
    std::vector<Twemproxy> twemproxies;
    Log log;
    // Where to connect instead of an address that the Sentinels announce: behind NAT.
    std::vector<std::pair<Endpoint, Endpoint>> reachable;
    std::string state_file;  // empty: nothing is remembered across restarts
    // How often host names are looked up, beside the moments in which they may have moved.
    std::chrono::milliseconds lookup_interval{2'000};
};

// How much longer than a question may wait HAProxy has to wait for its answer.
inline constexpr std::chrono::milliseconds processing_margin{500};

// How long a question about any of the names may wait at most.
inline std::chrono::milliseconds longest_wait(const Config& config)
{
    std::chrono::milliseconds longest{0};
    for (const auto& master : config.masters)
        longest = std::max(longest, master.policy.wait);
    return longest;
}

}  // namespace spoa::config
