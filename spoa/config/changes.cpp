#include "config/changes.hpp"

#include "config/units.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string_view>
#include <utility>

namespace spoa::config {
namespace {

struct Setting {
    std::string text;
    std::string secret;  // compared, never shown

    bool operator==(const Setting&) const = default;
};
using Settings = std::map<std::string, Setting>;

std::string text_of(std::chrono::milliseconds duration)
{
    return std::to_string(duration.count()) + "ms";
}

std::string text_of(const std::string& text)
{
    return text;
}
std::string text_of(unsigned number)
{
    return std::to_string(number);
}
std::string text_of(bool flag)
{
    return flag ? "true" : "false";
}
std::string text_of(verdict::InDoubt choice)
{
    return choice == verdict::InDoubt::refuse ? "refuse" : "keep";
}
std::string text_of(verdict::ReadFallback fallback)
{
    switch (fallback) {
        case verdict::ReadFallback::master: return "master";
        case verdict::ReadFallback::refuse: return "refuse";
        case verdict::ReadFallback::wait: break;
    }
    return "wait";
}
std::string text_of(const std::vector<std::string>& words)
{
    std::string text;
    for (const auto& word : words)
        text += (text.empty() ? "" : " ") + word;
    return text;
}
std::string text_of(LogFormat format)
{
    return format == LogFormat::json ? "json" : "text";
}
std::string text_of(LogLevel level)
{
    switch (level) {
        case LogLevel::debug: return "debug";
        case LogLevel::info: return "info";
        case LogLevel::warning: return "warning";
        case LogLevel::error: break;
    }
    return "error";
}
std::string text_of(const verdict::Policy& policy)
{
    if (policy.no_quorum == verdict::NoQuorum::refuse)
        return "refuse";
    return policy.no_quorum_hold.count() == 0 ? "hold" : "hold " + text_of(policy.no_quorum_hold);
}

template <class Address>
std::string list_of(const std::vector<Address>& addresses)
{
    std::string text;
    for (const auto& address : addresses)
        text += (text.empty() ? "" : " ") + to_string(address);
    return text;
}

// Puts settings below a key.
class Writer {
public:
    Writer(Settings& out, std::string prefix) : out_(out), prefix_(std::move(prefix)) {}

    template <class Value>
    void put(std::string_view key, const Value& value)
    {
        if (auto text = text_of(value); !text.empty())
            out_[prefix_ + std::string(key)].text = std::move(text);
    }

    void put(const Credentials& credentials)
    {
        put("username", credentials.username);
        if (!credentials.password.empty())
            out_[prefix_ + "password"] = {"", credentials.password.reveal()};
    }

    void put(const Tls& tls)
    {
        if (!tls.enabled)
            return;
        put("tls.enabled", true);
        put("tls.ca_file", tls.ca_file);
        put("tls.cert_file", tls.cert_file);
        put("tls.key_file", tls.key_file);
        put("tls.server_name", tls.server_name);
        put("tls.verify", tls.verify);
    }

private:
    Settings& out_;
    std::string prefix_;
};

void put_replicas(Writer writer, const verdict::ReplicaPolicy& policy)
{
    writer.put("max_lag", size_text(policy.max_lag));
    writer.put("max_lag_time", policy.max_lag_time);
    writer.put("fallback", policy.fallback);
    writer.put("strict", policy.strict);
    for (const auto& [server, weight] : policy.weights)
        writer.put("weights." + server, weight);
    writer.put("prefer", text_of(policy.prefer));
    writer.put("drain", policy.drain);
}

void put_master(Settings& out, const Master& master)
{
    const auto key = "masters[" + master.name + "].";
    Writer writer(out, key);
    writer.put("name", master.name);
    for (const auto& server : master.servers)
        writer.put("servers." + server.name, to_string(server.address));
    for (const auto& server : master.servers) {
        std::vector<Endpoint> connect;
        for (const auto& [name, address] : master.connect)
            if (name == server.name)
                connect.push_back(address);
        writer.put("connect." + server.name, list_of(connect));
    }
    writer.put("policy.no_quorum", master.policy);
    writer.put("policy.odown", master.policy.odown);
    writer.put("policy.switching", master.policy.switching);
    writer.put("policy.isolated", master.policy.isolated);
    writer.put("policy.wait", master.policy.wait);
    if (master.replicas)
        put_replicas(Writer(out, key + "replicas."), *master.replicas);
    if (!master.redis)
        return;
    Writer redis(out, key + "redis.");
    redis.put("probe", true);
    redis.put(master.redis->credentials);
    redis.put(master.redis->tls);
}

void put_haproxy(Settings& out, const Haproxy& haproxy)
{
    Writer writer(out, "haproxy[" + to_string(haproxy.runtime_api) + "].");
    writer.put("runtime_api", to_string(haproxy.runtime_api));
    if (haproxy.master_cli)
        writer.put("master_cli", to_string(*haproxy.master_cli));
    for (const auto& [backend, master, reads] : haproxy.backends)
        writer.put((reads ? "read_backends." : "backends.") + backend, master);
}

void put_twemproxy(Settings& out, const Twemproxy& twemproxy)
{
    const auto key = "twemproxy[" + twemproxy.file + "].";
    Writer writer(out, key);
    writer.put("file", twemproxy.file);
    for (const auto& [pool, server, master] : twemproxy.pools)
        writer.put("pools." + pool + (server.empty() ? "" : "." + server), master);
    // Arguments may be of the kind that nobody else is to read.
    if (!twemproxy.restart.empty())
        out[key + "restart"] = {"", text_of(twemproxy.restart)};
    writer.put("restart_timeout", twemproxy.restart_timeout);
    out[key + "test"] = {"", text_of(twemproxy.test)};
    writer.put("dry_run", twemproxy.dry_run);
}

Settings settings_of(const Config& config)
{
    Settings out;
    Writer spop(out, "spop.");
    spop.put("listen", list_of(config.spop.listen));
    spop.put("threads", config.spop.threads);
    spop.put("max_connections", config.spop.max_connections);
    spop.put("max_frame_size", config.spop.max_frame_size);
    spop.put("hello_timeout", config.spop.hello_timeout);
    spop.put("frame_timeout", config.spop.frame_timeout);
    spop.put("write_timeout", config.spop.write_timeout);
    spop.put("max_waiting", config.spop.max_waiting);
    spop.put("spoe_file", config.spop.spoe_file);
    Writer http(out, "http.");
    http.put("listen", list_of(config.http.listen));
    http.put("hosts", config.http.hosts);
    Writer sentinels(out, "sentinels.");
    sentinels.put("addresses", list_of(config.sentinels.addresses));
    sentinels.put(config.sentinels.credentials);
    for (const auto& each : config.sentinels.addresses)
        if (each.own)
            Writer(out, "sentinels." + to_string(each) + '.').put(*each.own);
    sentinels.put(config.sentinels.tls);
    sentinels.put("poll_interval", config.sentinels.poll_interval);
    sentinels.put("query_timeout", config.sentinels.query_timeout);
    sentinels.put("vote_ttl", config.sentinels.vote_ttl);
    for (const auto& master : config.masters)
        put_master(out, master);
    for (const auto& haproxy : config.haproxies)
        put_haproxy(out, haproxy);
    for (const auto& twemproxy : config.twemproxies)
        put_twemproxy(out, twemproxy);
    for (const auto& [from, to] : config.reachable)
        Writer(out, "reachable.").put(to_string(from), to_string(to));
    Writer root(out, "");
    root.put("state_file", config.state_file);
    root.put("lookup_interval", config.lookup_interval);
    root.put("log.level", config.log.level);
    root.put("log.format", config.log.format);
    return out;
}

std::string shown(const Setting& setting)
{
    return setting.secret.empty() ? setting.text : "(secret)";
}

}  // namespace

std::vector<Change> changes_between(const Config& before, const Config& after)
{
    const auto old_settings = settings_of(before);
    const auto new_settings = settings_of(after);
    std::vector<Change> changes;
    for (const auto& [key, setting] : old_settings)
        if (const auto found = new_settings.find(key); found == new_settings.end())
            changes.push_back({key, shown(setting), ""});
        else if (found->second != setting)
            changes.push_back(
                {key,
                 shown(setting),
                 setting.secret.empty() && found->second.secret.empty() ? found->second.text
                                                                        : "changed"});
    for (const auto& [key, setting] : new_settings)
        if (!old_settings.contains(key))
            changes.push_back({key, "", shown(setting)});
    std::ranges::sort(changes, {}, &Change::key);
    return changes;
}

}  // namespace spoa::config
