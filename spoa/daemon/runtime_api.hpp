#pragma once

#include "base/endpoint.hpp"
#include "daemon/socket_trouble.hpp"
#include "haproxy_api/delivery.hpp"
#include "haproxy_api/fence.hpp"
#include "net/runtime_api_link.hpp"
#include "net/task_group.hpp"
#include "telemetry/haproxy_metrics.hpp"
#include "telemetry/report.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace spoa::daemon {

// One HAProxy: the fences of its backends, told to it in common turns, with log and metrics.
class RuntimeApi final : public net::RuntimeApiUser {
public:
    // Something may be other than before for the name at this place: a turn is over.
    using OnTurn = std::function<void(std::size_t name)>;

    RuntimeApi(
        const boost::asio::any_io_executor& executor, const SocketAddress& address,
        telemetry::HaproxyMetrics& metrics, OnTurn on_turn);
    ~RuntimeApi() override { metrics_.remove(place_); }
    RuntimeApi(const RuntimeApi&) = delete;
    RuntimeApi& operator=(const RuntimeApi&) = delete;

    // `name` is the place of the monitored name; the backend is for its writes, or for its `reads`.
    void add_backend(
        const std::string& backend, std::size_t name, const std::string& master_name, bool reads);
    net::TaskGroup::Task start(net::TaskGroup& tasks) { return tasks.spawn(link_.run()); }

    // How the servers of this name should be, from now on, in the backends of this kind.
    void want(std::size_t name, bool reads, const haproxy_api::Wishes& wishes);

    // Where the servers of this name may lead to, in all its backends.
    void expect(std::size_t name, const haproxy_api::Places& places);

    // What the clients of this name get by this verdict, in sentences that say which HAProxy;
    // nothing where it has no backend.
    std::optional<haproxy_api::Delivery> delivery(
        std::size_t name, const verdict::Verdict& verdict) const;

    // Whether connections to the server get through; `ready` where there is no such backend.
    haproxy_api::Readiness readiness(std::size_t name, const std::string& server) const;

    // The servers of this name that lead elsewhere, in backends of this kind.
    std::map<std::string, std::string> misplaced(std::size_t name, bool reads) const;

    // Whether the server is kept out of all backends for writes of this name and has no session
    // left; nothing where there is no such backend.
    std::optional<bool> is_out(std::size_t name, const std::string& server) const;

    telemetry::HaproxyReport report() const;

    std::chrono::steady_clock::time_point due() override;
    std::string commands() override;
    bool on_reply(const std::string& text) override;
    void on_failure(const std::string& reason) override;

private:
    struct Kept {
        haproxy_api::Fence fence;
        std::size_t name;
        std::string master_name;
        bool reads;
    };

    void take(Kept& kept, const haproxy_api::BackendSeen& seen);
    void end_turn();
    std::vector<const haproxy_api::Fence*> backends_of(std::size_t name, bool reads) const;
    std::string trouble() const;

    std::string address_;
    telemetry::HaproxyMetrics& metrics_;
    std::size_t place_;  // in the metrics
    std::vector<Kept> kept_;
    std::vector<std::size_t> turn_;  // the places in kept_ that the turn under way is about
    SocketTrouble trouble_;
    OnTurn on_turn_;
    net::RuntimeApiLink link_;
};

}  // namespace spoa::daemon
