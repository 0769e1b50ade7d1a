#pragma once

#include "agent/tally.hpp"
#include "telemetry/moment.hpp"
#include "telemetry/read_report.hpp"
#include "verdict/failover.hpp"
#include "verdict/verdict.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::telemetry {

// What became of an attempt to change nutcracker's file.
enum class TwemproxyResult { updated, failed, rolled_back, dry_run };

// Everything that /metrics shows. Names and Sentinels are known by their places in the
// configuration. For one thread, but for the tallies, which others may be writing.
class Metrics {
public:
    Metrics(
        std::vector<std::string> names, std::vector<std::string> sentinels,
        std::string_view version);
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    // Another configuration. `names` has the name at each place, an empty one where there is none
    // any more: its series are not shown until it is back, and go on from where they were.
    void set_names(std::vector<std::string> names);
    void set_sentinels(const std::vector<std::string>& sentinels);
    // Only these servers of the name are shown, their probes only where they are probed.
    void set_servers(std::size_t name, std::vector<std::string> servers, bool probed);
    void count_reload(bool good);

    void set_verdict(std::size_t name, const verdict::Verdict& verdict);
    // The master moved; `delay` is from the first vote for the new one to the verdict.
    void count_switch(std::size_t name, std::chrono::nanoseconds delay);
    // The phases of a failover in which the master moved.
    void set_failover(std::size_t name, const verdict::Failover& failover, const Moment& now);
    void set_sentinel_up(std::size_t sentinel, bool up);
    void observe_query(std::size_t sentinel, std::chrono::nanoseconds took);

    // A probed data node of a name; nodes are numbered in the order they are added since the last
    // set_servers.
    void add_node(std::size_t name, const std::string& server);
    void set_node_up(std::size_t name, std::size_t node, bool up);
    void set_node_loading(std::size_t name, std::size_t node, bool loading);
    void set_replica_lag(std::size_t name, std::size_t node, std::uint64_t bytes);
    // The node's process was replaced; `emptied`: it is the master, and has less data than before.
    void count_restart(std::size_t name, std::size_t node, bool emptied);
    void set_masters_claimed(std::size_t name, std::size_t nodes);

    // Where answers to role=replica that name this server, or none when it is empty, are counted:
    // a place in Tally::reads, always the same.
    std::size_t read_counter(std::size_t name, const std::string& server);

    void set_event_readers(std::size_t readers);
    void count_dropped_reader();

    // A listening socket, SPOP or HTTP, could not accept.
    void count_accept_error();
    std::uint64_t accept_errors() const;

    // A HAProxy that is kept in order, until it is removed. Returns its number: that of before for
    // an address that was here already.
    std::size_t add_haproxy(const std::string& runtime_api);
    void remove_haproxy(std::size_t haproxy);
    void set_haproxy_up(std::size_t haproxy, bool up);
    void count_haproxy_error(std::size_t haproxy);
    // A server was put into maintenance with this many sessions on it; 0 makes the series.
    void count_fenced(std::size_t name, const std::string& server, std::uint64_t sessions);
    // A server of HAProxy, and its sessions when it was last looked at; `stray` where it should
    // have none.
    struct ServerPlace {
        std::string runtime_api;
        std::string backend;
        std::string server;
    };
    void set_sessions(
        std::size_t name, const ServerPlace& place, std::uint64_t sessions, bool stray);
    // From the decision to HAProxy's reply.
    void observe_fence(std::chrono::nanoseconds took);

    // A pool of nutcracker that follows a master, until it is removed. Returns its number: that of
    // before for a pool that was here already.
    std::size_t add_twemproxy_pool(const std::string& pool);
    void remove_twemproxy_pool(std::size_t pool);
    void count_twemproxy(std::size_t pool, TwemproxyResult result);
    void set_twemproxy_follows(std::size_t pool, bool follows);
    // From the restart command to the first PONG.
    void observe_twemproxy_restart(std::chrono::nanoseconds took);

    // The text of /metrics, in the Prometheus exposition format.
    std::string serialize(
        std::span<const agent::Tally* const> tallies, std::span<const ReadReport> reads = {}) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace spoa::telemetry
