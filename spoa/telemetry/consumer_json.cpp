#include "telemetry/consumer_json.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <utility>

namespace spoa::telemetry {

using Json = nlohmann::ordered_json;

namespace {

Json old_workers_json(const OldWorkersReport& report)
{
    Json json{{"master_cli", report.master_cli}, {"up", report.up}};
    if (!report.up)
        json["failure"] = report.failure;
    json["workers"] = Json::array();
    for (const auto& [pid, sessions] : report.workers)
        json["workers"].push_back({{"pid", pid}, {"sessions", sessions}});
    return json;
}

}  // namespace

Json haproxies_json(std::span<const HaproxyReport> haproxies, std::string_view name)
{
    Json all = Json::array();
    for (const auto& haproxy : haproxies) {
        Json backends = Json::array();
        for (const auto& backend : haproxy.backends) {
            if (!name.empty() && backend.master_name != name)
                continue;
            Json servers = Json::array();
            for (const auto& server : backend.servers)
                servers.push_back(
                    {{"server", server.name},
                     {"state", server.state},
                     {"wanted", server.wanted},
                     {"sessions", server.sessions}});
            backends.push_back(
                {{"backend", backend.name},
                 {"name", backend.master_name},
                 {"servers", std::move(servers)},
                 {"warnings", backend.warnings}});
        }
        if (backends.empty() && !name.empty())
            continue;
        Json json{{"runtime_api", haproxy.runtime_api}, {"up", haproxy.up}};
        if (!haproxy.up)
            json["failure"] = haproxy.failure;
        json["backends"] = std::move(backends);
        if (haproxy.old_workers)
            json["old_workers"] = old_workers_json(*haproxy.old_workers);
        all.push_back(std::move(json));
    }
    return all;
}

Json twemproxies_json(std::span<const TwemproxyReport> twemproxies, std::string_view name)
{
    Json all = Json::array();
    for (const auto& twemproxy : twemproxies) {
        Json pools = Json::array();
        for (const auto& pool : twemproxy.pools)
            if (name.empty() || pool.master_name == name)
                pools.push_back(
                    {{"pool", pool.pool},
                     {"server", pool.server.empty() ? Json() : Json(pool.server)},
                     {"name", pool.master_name},
                     {"in_file", pool.in_file.empty() ? Json() : Json(pool.in_file)},
                     {"wanted", pool.wanted.empty() ? Json() : Json(pool.wanted)}});
        if (pools.empty())
            continue;
        Json json{{"config", twemproxy.file}, {"follows", twemproxy.trouble.empty()}};
        if (!twemproxy.trouble.empty())
            json["trouble"] = twemproxy.trouble;
        if (twemproxy.last_restart)
            json["last_restart_ms"] =
                std::chrono::duration<double, std::milli>(*twemproxy.last_restart).count();
        json["pools"] = std::move(pools);
        all.push_back(std::move(json));
    }
    return all;
}

}  // namespace spoa::telemetry
