#pragma once

#include "agent/reads.hpp"
#include "agent/snapshot.hpp"
#include "config/config.hpp"
#include "daemon/ending.hpp"
#include "daemon/event_feed.hpp"
#include "daemon/fences.hpp"
#include "daemon/state_file.hpp"
#include "daemon/twemproxies.hpp"
#include "monitor/monitored_names.hpp"
#include "net/host_table.hpp"
#include "net/node_link.hpp"
#include "net/sentinel_link.hpp"
#include "net/task_group.hpp"
#include "net/tls.hpp"
#include "node/restart.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/report.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace spoa::daemon {

// Drives monitor::MonitoredNames: takes what Sentinels, data nodes and HAProxies say to it, and
// performs what follows from that, on the workers, the HAProxies, the log, the metrics and those
// who watch. Lives on the control thread; the daemon owns it.
class Control final : public net::SentinelListener,
                      public net::NodeListener,
                      private monitor::Surroundings {
public:
    // Puts a snapshot in force. Called at least five times a second, also without a change: a
    // worker does not answer from a snapshot that nobody has confirmed for long.
    using Publish = std::function<void(std::shared_ptr<const agent::Snapshot>)>;

    // How many connections the workers have sent to the master of a name so far.
    using Answers = std::function<std::uint64_t(std::size_t name)>;

    // Begins with what the process before has handed over, else with the state file. Throws
    // std::runtime_error with one sentence when a TLS file or the state file is unusable.
    Control(
        const boost::asio::any_io_executor& executor, const config::Config& config,
        telemetry::Metrics& metrics, EventFeed& events, Publish publish, Answers answers,
        const std::optional<std::vector<monitor::SavedMaster>>& handed_over = std::nullopt);

    // Puts another configuration in force. What did not change goes on as it is: the votes and the
    // epoch of a name, the connections to a Sentinel, a node or a HAProxy. Throws
    // std::runtime_error with one sentence when a TLS file is unusable, and nothing has changed
    // then.
    void reload(const config::Config& config);

    // Starts the links and the regular review, as tasks that end when cancelled.
    void start(net::TaskGroup& tasks);

    // Files have one writer: nutcrackers follow as soon as this process is the one that serves, and
    // until another one is.
    void start_twemproxies(net::TaskGroup& tasks) { twemproxies_.start(tasks); }
    void stop_twemproxies() { twemproxies_.stop(); }

    const monitor::MonitoredNames& monitored() const { return names_; }

    std::vector<telemetry::NameReport> names() const;
    telemetry::NameReport name(std::size_t place) const;
    std::span<const telemetry::SentinelReport> sentinels() const { return sentinels_; }

    // The reads of the names that offer any.
    std::vector<telemetry::ReadReport> reads() const;

    std::vector<telemetry::HaproxyReport> haproxies() const { return fences_.reports(); }
    std::vector<telemetry::TwemproxyReport> twemproxies() const { return twemproxies_.reports(); }

    void on_up(std::size_t sentinel) override;
    void on_down(std::size_t sentinel, const net::LinkFailure& failure) override;
    void on_vote(std::size_t sentinel, std::size_t name, sentinel::Vote vote) override;
    void on_no_vote(
        std::size_t sentinel, std::size_t name, const sentinel::Refused& refused) override;
    void on_no_replicas(
        std::size_t sentinel, std::size_t name, const sentinel::Refused& refused) override;
    void on_no_password(std::size_t sentinel) override;
    void on_event(std::size_t sentinel, const sentinel::Event& event) override;
    void on_flood(std::size_t sentinel, std::chrono::milliseconds pause) override;
    void on_flood_over(std::size_t sentinel) override;
    void on_answer_time(std::size_t sentinel, std::chrono::nanoseconds took) override;

    void on_probe(std::size_t name, std::size_t node, const verdict::Probe& probe) override;
    void on_info(std::size_t name, std::size_t node, const node::Info& info) override;
    void on_trouble(std::size_t name, std::size_t node, const std::string& trouble) override;
    void on_no_info(std::size_t name, std::size_t node, const std::string& reason) override;

private:
    struct Node;

    // The connections for one name, and what people are told of them.
    struct Peers {
        std::vector<config::Server> connect{};  // where HAProxy connects to instead
        bool announced_by_address = false;  // its master, by the last vote, and not by host name
        bool looked_up = true;  // false: a vote was left out, as a host name is not looked up yet
        telemetry::DeliveryReport delivery{};
        std::vector<telemetry::NodeReport> nodes{};  // where nodes are probed
        std::vector<std::shared_ptr<Node>> links{};  // likewise, in the order of `nodes`
        std::vector<node::RestartWatch> restarts{};  // likewise
        std::set<std::string> moved{};  // servers elsewhere by now, whose process is not known yet
        std::map<std::string, std::string> refusals{};  // by Sentinel: the last one logged
        std::set<Endpoint> unmapped{};  // replicas without a server, that were logged
    };
    // A link, and what it needs for as long as it runs.
    struct Node {
        std::shared_ptr<net::TlsClient> tls;
        net::NodeLink link;
        net::TaskGroup::Task task{};
    };
    struct Sentinel {
        std::shared_ptr<net::TlsClient> tls;
        net::SentinelLink link;
        net::TaskGroup::Task task{};
    };
    // To the Sentinels, and to the nodes of each master of the configuration.
    struct TlsClients {
        std::shared_ptr<net::TlsClient> sentinels;
        std::vector<std::shared_ptr<net::TlsClient>> nodes;
    };

    // monitor::Surroundings
    haproxy_api::Readiness readiness(std::size_t name, const std::string& server) const override;
    verdict::SessionsSeen sessions(
        std::size_t name, const verdict::Failover* under_way) const override;

    // control.cpp
    void perform(const monitor::Effects& effects);
    void publish(std::span<const std::size_t> names);
    void ask(const monitor::Question& question);
    void ask_everyone(std::size_t name);
    void want(std::size_t name);
    void tell(const monitor::Effects& effects);
    void tell_failover(std::size_t name, const verdict::Failover& failover);
    void tell_unknown_masters() const;
    void log_reads(std::size_t name, verdict::TimePoint at) const;
    bool look_at_delivery(std::size_t name);
    void remember();
    boost::asio::awaitable<void> review_regularly();
    agent::Update update_of(std::size_t name, std::deque<agent::ReadUpdate>& reads);
    const std::string& text_of(std::size_t name) const;
    void follow_twemproxies(std::size_t name);

    // control_evidence.cpp
    void on_haproxy(std::size_t name);
    void on_restart(std::size_t name, std::size_t node, const node::Restart& restart);
    void tell_unmapped(std::size_t name);
    void tell_same_sentinel(std::size_t sentinel, const PeerText& id);

    // control_hosts.cpp
    void on_host(const std::string& host, const std::vector<std::string>& before);
    void move_node(
        std::size_t name, const std::string& host, const std::vector<std::string>& before);
    Endpoint node_of(std::size_t name, const Endpoint& announced);
    void look_up_servers(std::size_t name);
    bool awaits_look_up(std::size_t name, const std::optional<Endpoint>& announced);
    void note_announced(std::size_t name, const sentinel::Vote& vote);
    bool is_absent(std::size_t name, std::size_t node);
    bool is_elsewhere(std::size_t name, std::size_t node, const verdict::Probe& probe);
    void connect_anew(std::size_t name, const std::string& host);
    haproxy_api::Places places_of(std::size_t name);

    // control_reload.cpp
    static TlsClients make_clients(const config::Config& config);
    void apply(const config::Config& config, const TlsClients& clients);
    void set_names(const config::Config& config);
    void set_sentinels(const config::Config& config, const TlsClients& clients);
    std::vector<sentinel::Topic> topics() const;
    void set_nodes(
        const config::Config& config, const config::Master& master,
        const std::shared_ptr<net::TlsClient>& tls);
    void set_snapshot();
    template <class Link>
    void launch(Link& entry);
    template <class Link>
    void retire(const std::shared_ptr<Link>& entry);

    boost::asio::any_io_executor executor_;
    telemetry::Metrics& metrics_;
    EventFeed& events_;
    Publish publish_;
    Answers answers_;
    net::HostTable hosts_;
    std::vector<std::pair<Endpoint, Endpoint>> reachable_;
    net::TaskGroup* tasks_ = nullptr;  // once started
    Ending ending_;
    monitor::MonitoredNames names_;
    std::deque<Peers> peers_;  // by the place of the name
    std::shared_ptr<const agent::Snapshot> snapshot_;
    std::vector<telemetry::SentinelReport> sentinels_;
    std::vector<std::shared_ptr<Sentinel>> links_;  // in the order of sentinels_
    Fences fences_;
    Twemproxies twemproxies_;
    std::unique_ptr<StateFile> state_file_;
};

}  // namespace spoa::daemon
