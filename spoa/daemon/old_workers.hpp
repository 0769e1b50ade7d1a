#pragma once

#include "base/endpoint.hpp"
#include "daemon/socket_trouble.hpp"
#include "haproxy_api/master_cli.hpp"
#include "net/runtime_api_link.hpp"
#include "net/task_group.hpp"
#include "telemetry/haproxy_metrics.hpp"
#include "telemetry/report.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace spoa::daemon {

// The workers that a reloaded HAProxy has left behind, over its master CLI: ends their sessions on
// servers that should be out. Looks every second, at once when a wish changes, and oftener while
// there was something to end. Nothing depends on a reply: the next look shows what became of it.
class OldWorkers final : public net::RuntimeApiUser {
public:
    OldWorkers(
        const boost::asio::any_io_executor& executor, const SocketAddress& master_cli,
        telemetry::HaproxyMetrics& metrics);
    ~OldWorkers() override { metrics_.remove(place_); }
    OldWorkers(const OldWorkers&) = delete;
    OldWorkers& operator=(const OldWorkers&) = delete;

    // `name` is the place of the monitored name.
    void add_backend(const std::string& backend, std::size_t name, bool reads);
    net::TaskGroup::Task start(net::TaskGroup& tasks) { return tasks.spawn(link_.run()); }

    // How the servers of this name should be, from now on, in the backends of this kind.
    void want(std::size_t name, bool reads, const haproxy_api::Wishes& wishes);

    // Nothing was left to end when it last looked, which was after the last change of a wish.
    bool is_settled() const { return settled_; }

    telemetry::OldWorkersReport report() const;

    std::chrono::steady_clock::time_point due() override;
    std::string commands() override;
    bool on_reply(const std::string& text) override;
    void on_failure(const std::string& reason) override;

private:
    // One line to the master, and what its reply is about.
    struct Step {
        enum class Kind { processes, sessions, end } kind = Kind::processes;
        haproxy_api::Pid worker = 0;
        std::vector<std::string> ids;  // to end
    };
    struct Kept {
        std::size_t name;
        bool reads;
        haproxy_api::Wishes wishes;
    };

    bool take_processes(const std::string& text);
    void take_sessions(const std::string& text);
    bool should_end(const haproxy_api::SessionSeen& session) const;
    void plan_next_look();

    std::string address_;
    telemetry::HaproxyMetrics& metrics_;
    std::size_t place_;  // in the metrics
    std::map<std::string, Kept, std::less<>> backends_;
    std::map<haproxy_api::Pid, std::uint64_t> workers_;  // with their sessions on these backends
    std::deque<Step> steps_;                             // of the look under way
    bool ended_some_ = false;                            // in the look under way
    bool settled_ = false;
    std::chrono::steady_clock::time_point look_began_;
    std::chrono::steady_clock::time_point next_look_;
    std::chrono::steady_clock::time_point eager_until_;  // a wish has changed a moment ago
    SocketTrouble trouble_;
    net::RuntimeApiLink link_;
};

}  // namespace spoa::daemon
