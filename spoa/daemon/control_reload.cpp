// How a configuration gets into force, the first one and each that follows. What is as it was goes
// on; the rest is made anew, and what it replaces ends by itself.
#include "daemon/control.hpp"
#include "daemon/make_tls.hpp"
#include "telemetry/log.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace spoa::daemon {
namespace {

using Clock = std::chrono::steady_clock;

Endpoint reachable_address(const config::Config& config, const Endpoint& announced)
{
    for (const auto& [from, to] : config.reachable)
        if (from == announced)
            return to;
    return announced;
}

// Where nodes are, and where they are reached.
std::vector<std::string> hosts_of(const config::Config& config)
{
    std::vector<std::string> hosts;
    for (const auto& master : config.masters) {
        for (const auto& server : master.servers)
            hosts.push_back(server.address.host);
        for (const auto& server : master.connect)
            hosts.push_back(server.address.host);
    }
    for (const auto& [announced, reachable] : config.reachable)
        hosts.push_back(reachable.host);
    return hosts;
}

}  // namespace

Control::TlsClients Control::make_clients(const config::Config& config)
{
    TlsClients clients{make_tls(config.sentinels.tls), {}};
    for (const auto& master : config.masters)
        clients.nodes.push_back(master.redis ? make_tls(master.redis->tls) : nullptr);
    return clients;
}

template <class Link>
void Control::launch(Link& entry)
{
    entry.task = tasks_->spawn(entry.link.run());
}

template <class Link>
void Control::retire(const std::shared_ptr<Link>& entry)
{
    entry->link.mute();
    ending_.add(entry, std::vector{entry->task});
}

void Control::reload(const config::Config& config)
{
    apply(config, make_clients(config));
    publish_(snapshot_);
    for (const auto place : names_.in_order())
        ask_everyone(place);
    perform(names_.review(Clock::now()));
    remember();
}

void Control::apply(const config::Config& config, const TlsClients& clients)
{
    reachable_ = config.reachable;
    hosts_.set_period(config.lookup_interval);
    hosts_.configure(hosts_of(config));
    set_names(config);
    set_sentinels(config, clients);
    for (std::size_t i = 0; i < config.masters.size(); ++i)
        set_nodes(config, config.masters[i], clients.nodes[i]);
    set_snapshot();
    const auto place_of = [this](const std::string& name) { return *names_.find(name); };
    fences_.configure(config.haproxies, place_of, ending_);
    twemproxies_.configure(config.twemproxies, place_of, ending_);
    for (const auto place : names_.in_order()) {
        fences_.expect(place, places_of(place));
        want(place);
    }
    if (config.state_file.empty())
        state_file_.reset();
    else if (!state_file_ || !state_file_->is_at(config.state_file))
        state_file_ = std::make_unique<StateFile>(
            config.state_file,
            [](const std::string& trouble) { telemetry::write_log(LogLevel::warning, trouble); });
}

void Control::set_names(const config::Config& config)
{
    std::vector<std::string> sentinels;
    std::vector<std::optional<std::size_t>> places_before;
    for (const auto& address : config.sentinels.addresses) {
        sentinels.push_back(to_string(address));
        const auto known =
            std::ranges::find(sentinels_, sentinels.back(), &telemetry::SentinelReport::address);
        places_before.emplace_back();
        if (known != sentinels_.end())
            places_before.back() = static_cast<std::size_t>(known - sentinels_.begin());
    }
    std::vector<verdict::Subject> subjects;
    for (const auto& master : config.masters)
        subjects.push_back(
            {master.name,
             master.servers,
             master.policy,
             config.sentinels.vote_ttl,
             master.replicas,
             sentinels});
    const auto left = names_.configure(
        std::move(subjects), places_before, config.sentinels.vote_ttl, Clock::now());
    peers_.resize(names_.size());
    for (const auto place : left) {
        for (const auto& node : peers_[place].links)
            retire(node);
        peers_[place] = {};
        metrics_.names().set_masters_claimed(place, 0);
    }
    std::vector<std::string> names(names_.size());
    for (std::size_t i = 0; i < config.masters.size(); ++i) {
        const auto place = names_.in_order()[i];
        peers_[place].connect = config.masters[i].connect;
        names[place] = text_of(place);
    }
    metrics_.names().set(std::move(names));
    events_.set_names(names_.in_order());
    for (const auto place : names_.in_order())
        metrics_.names().set_verdict(place, names_.at(place).watch.verdict());
}

// What the Sentinels are asked about.
std::vector<sentinel::Topic> Control::topics() const
{
    std::vector<sentinel::Topic> topics(names_.size());
    for (const auto place : names_.in_order()) {
        const auto& subject = names_.at(place).watch.subject();
        topics[place] = {
            subject.name,
            subject.replicas          ? sentinel::Replicas::often
            : subject.servers.empty() ? sentinel::Replicas::unasked
                                      : sentinel::Replicas::seldom};
    }
    return topics;
}

void Control::set_sentinels(const config::Config& config, const TlsClients& clients)
{
    const auto& given = config.sentinels;
    const auto names = topics();
    auto links_before = std::exchange(links_, {});
    const auto reports_before = std::exchange(sentinels_, {});
    std::vector<std::string> addresses;
    for (const auto& address : given.addresses) {
        const auto place = links_.size();
        addresses.push_back(to_string(address));
        const auto known = std::ranges::find(
            reports_before, addresses.back(), &telemetry::SentinelReport::address);
        const auto& credentials = address.own.value_or(given.credentials);
        net::SentinelSettings settings{
            address.address,
            address.seat,
            address.seats,
            credentials.username,
            credentials.password.reveal(),
            names,
            given.poll_interval,
            given.query_timeout,
            clients.sentinels.get()};
        if (known == reports_before.end()) {
            sentinels_.push_back({addresses.back(), false, "not connected yet"});
        } else {
            const auto before = static_cast<std::size_t>(known - reports_before.begin());
            sentinels_.push_back(*known);
            auto settings_before = links_before[before]->link.settings();
            settings_before.names = settings.names;
            if (settings_before == settings) {
                auto link = std::exchange(links_before[before], nullptr);
                link->link.adapt(place, names);
                links_.push_back(std::move(link));
                continue;
            }
        }
        auto link = std::make_shared<Sentinel>(
            Sentinel{clients.sentinels, {executor_, place, std::move(settings), *this}});
        if (tasks_)
            launch(*link);
        links_.push_back(std::move(link));
    }
    for (const auto& link : links_before)
        if (link)
            retire(link);

    metrics_.sentinels().set(addresses);
    for (std::size_t place = 0; place < sentinels_.size(); ++place)
        metrics_.sentinels().set_up(place, sentinels_[place].up);
}

void Control::set_nodes(
    const config::Config& config, const config::Master& master,
    const std::shared_ptr<net::TlsClient>& tls)
{
    const auto place = *names_.find(master.name);
    auto& name = peers_[place];
    std::vector<std::string> servers;
    std::vector<Endpoint> probed;
    for (const auto& server : master.servers)
        servers.push_back(server.name);
    metrics_.names().set_servers(place, servers);
    metrics_.nodes().clear(place);
    for (const auto& server : servers)
        metrics_.haproxies().count_fenced(place, server, 0);

    std::vector<net::NodeSettings> settings;
    if (master.redis)
        for (const auto& server : master.servers) {
            settings.push_back(
                {server.address,
                 reachable_address(config, server.address),
                 master.redis->credentials.username,
                 master.redis->credentials.password.reveal(),
                 tls.get(),
                 config.sentinels.query_timeout});
            probed.push_back(server.address);
            metrics_.nodes().add(place, server.name);
        }
    names_.set_probed(place, probed);
    const auto same = [](const std::shared_ptr<Node>& node, const net::NodeSettings& wanted) {
        return node->link.settings() == wanted;
    };
    const auto same_server = [](const telemetry::NodeReport& node, const std::string& server) {
        return node.server == server;
    };
    if (std::ranges::equal(name.links, settings, same) &&
        (settings.empty() || std::ranges::equal(name.nodes, servers, same_server)))
        return;

    for (const auto& node : std::exchange(name.links, {}))
        retire(node);
    const auto reports_before = std::exchange(name.nodes, {});
    const auto restarts_before = std::exchange(name.restarts, {});
    for (std::size_t node = 0; node < settings.size(); ++node) {
        telemetry::NodeReport report{
            servers[node], probed[node], {}, std::string(telemetry::not_asked_yet), {}};
        name.restarts.emplace_back();
        for (std::size_t old = 0; old < reports_before.size(); ++old)
            if (reports_before[old].server == report.server &&
                reports_before[old].address == report.address) {
                report = reports_before[old];
                name.restarts.back() = restarts_before[old];
                break;
            }
        name.nodes.push_back(std::move(report));
        auto link =
            std::make_shared<Node>(Node{tls, {executor_, place, node, settings[node], *this}});
        if (tasks_)
            launch(*link);
        name.links.push_back(std::move(link));
    }
}

// All answers made anew, because policies may have changed; the index tells the workers that the
// names have.
void Control::set_snapshot()
{
    std::vector<std::string> names(names_.size());
    std::vector<agent::Update> updates;
    std::deque<agent::ReadUpdate> reads;
    for (const auto place : names_.in_order()) {
        names[place] = text_of(place);
        updates.push_back(update_of(place, reads));
    }
    snapshot_ = agent::with_updates(
        *agent::make_snapshot(std::make_shared<agent::NameIndex>(std::move(names))), updates);
}

template void Control::launch(Sentinel&);
template void Control::launch(Node&);
template void Control::retire(const std::shared_ptr<Node>&);

}  // namespace spoa::daemon
