#include "telemetry/node_metrics.hpp"

#include <algorithm>
#include <array>

namespace spoa::telemetry {

NodeMetrics::NodeMetrics(Families& families, const NameMetrics& names)
    : names_(names),
      up_(families.gauge("node_up", "Whether the data node answers the agent's probe.")),
      loading_(families.gauge("node_loading", "Whether the data node is loading its data.")),
      lag_(families.gauge(
          "replica_lag_bytes",
          "How far the node is behind the master in force; 0 for that itself.")),
      restarts_(families.counter(
          "node_restarts_total", "How often the data node's process was replaced.")),
      emptied_(families.counter(
          "node_emptied_total",
          "How often the node came back from a restart, as the master, with less data than "
          "before."))
{}

void NodeMetrics::clear(std::size_t name)
{
    by_name_[name].clear();
}

void NodeMetrics::add(std::size_t name, const std::string& server)
{
    const prometheus::Labels labels{{"master_name", names_.at(name)}, {"server", server}};
    by_name_[name].push_back(
        {server,
         &up_.Add(labels),
         &loading_.Add(labels),
         &lag_.Add(labels),
         &restarts_.Add(labels),
         &emptied_.Add(labels)});
}

void NodeMetrics::set_absent(std::size_t name, std::size_t node, bool absent)
{
    by_name_[name][node].absent = absent;
}

void NodeMetrics::set_up(std::size_t name, std::size_t node, bool up)
{
    by_name_[name][node].up->Set(up ? 1 : 0);
}

void NodeMetrics::set_loading(std::size_t name, std::size_t node, bool loading)
{
    by_name_[name][node].loading->Set(loading ? 1 : 0);
}

void NodeMetrics::set_lag(std::size_t name, std::size_t node, std::uint64_t bytes)
{
    by_name_[name][node].lag->Set(static_cast<double>(bytes));
}

void NodeMetrics::count_restart(std::size_t name, std::size_t node, bool emptied)
{
    by_name_[name][node].restarts->Increment();
    if (emptied)
        by_name_[name][node].emptied->Increment();
}

bool NodeMetrics::shows(std::string_view family, const prometheus::ClientMetric& metric) const
{
    const std::array<std::string_view, 5> ours{
        up_.GetName(), loading_.GetName(), lag_.GetName(), restarts_.GetName(), emptied_.GetName()};
    if (std::ranges::count(ours, family) == 0)
        return true;
    const auto place = names_.find(*find_label(metric, "master_name"));
    if (!place)
        return false;
    const auto nodes = by_name_.find(*place);
    if (nodes == by_name_.end())
        return false;
    const auto node =
        std::ranges::find(nodes->second, *find_label(metric, "server"), &Series::server);
    return node != nodes->second.end() && !node->absent;
}

}  // namespace spoa::telemetry
