#pragma once

#include "config/config.hpp"
#include "daemon/ending.hpp"
#include "daemon/old_workers.hpp"
#include "daemon/read_drains.hpp"
#include "daemon/runtime_api.hpp"
#include "haproxy_api/read_wish.hpp"
#include "verdict/watch.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spoa::daemon {

// The acting side of the running agent: sees to it that no HAProxy keeps a session on a server that
// is not, or may not be, the master. Lives on the control thread.
class Fences {
public:
    // `on_turn` is called when a HAProxy was asked or told something, with the place of a name that
    // it may be other than before for.
    Fences(
        const boost::asio::any_io_executor& executor, telemetry::HaproxyMetrics& metrics,
        RuntimeApi::OnTurn on_turn)
        : executor_(executor), metrics_(metrics), on_turn_(std::move(on_turn))
    {}

    // The place of each name.
    using Places = std::function<std::size_t(const std::string& master_name)>;

    // Keeps these HAProxies in order from now on. One that is as it was goes on as it is; what
    // ends goes to `ending`.
    void configure(
        const std::vector<config::Haproxy>& haproxies, const Places& places, Ending& ending);

    void start(net::TaskGroup& tasks);

    // How the servers of the name at `place` should be. Acts at once when that is news.
    void want(std::size_t place, const haproxy_api::Wishes& wishes);

    // The same in the backends for reads.
    void want_reads(std::size_t place, const haproxy_api::ReadWishes& wishes);

    // Where the servers of the name may lead to.
    void expect(std::size_t place, const haproxy_api::Places& places);

    // What the clients of the name get by this verdict, of all HAProxies.
    telemetry::DeliveryReport delivery(std::size_t place, const verdict::Verdict& verdict) const;

    // Whether connections to the server get through at every HAProxy: `not_yet` where one of them
    // is about to let them in.
    haproxy_api::Readiness readiness(std::size_t place, const std::string& server) const;

    // The servers of the name that lead elsewhere at any HAProxy, for its writes or its reads.
    std::vector<verdict::Misplaced> misplaced(std::size_t place, bool reads) const;

    // Whether every HAProxy keeps this server out and sees no session on it; nothing where no
    // HAProxy has a backend of the name.
    std::optional<bool> is_out(std::size_t place, const std::string& server) const;

    std::vector<telemetry::HaproxyReport> reports() const;

private:
    struct Haproxy {
        Haproxy(
            const boost::asio::any_io_executor& executor, const config::Haproxy& config,
            telemetry::HaproxyMetrics& metrics, RuntimeApi::OnTurn on_turn);

        void start(net::TaskGroup& tasks);

        config::Haproxy configured;
        RuntimeApi runtime_api;
        std::optional<OldWorkers> old_workers;
        std::optional<ReadDrains> drains;  // where it has backends for reads
        std::vector<net::TaskGroup::Task> tasks;
    };

    boost::asio::any_io_executor executor_;
    telemetry::HaproxyMetrics& metrics_;
    RuntimeApi::OnTurn on_turn_;
    net::TaskGroup* tasks_ = nullptr;  // once started
    std::vector<std::shared_ptr<Haproxy>> haproxies_;
};

}  // namespace spoa::daemon
