#include "telemetry/page_sections.hpp"

#include "telemetry/page_words.hpp"

#include <utility>
#include <vector>

namespace spoa::telemetry {
namespace {

constexpr std::size_t changes_shown = 6;

// HAProxy's name of a server, where the report tells it.
std::string server_at(const PageJson& master, const std::string& wanted)
{
    if (text_of(master, "address") == wanted)
        return text_of(master, "server");
    for (const auto& node : master.at("nodes"))
        if (text_of(node, "address") == wanted)
            return text_of(node, "server");
    return {};
}

std::string joined(const PageJson& words)
{
    std::string all;
    for (const auto& word : words)
        all += (all.empty() ? "" : ", ") + word.get<std::string>();
    return all;
}

Html vote_of(const PageJson& master, const PageJson& ballot)
{
    if (!ballot.contains("address"))
        return bad("no vote") + small(text_of(ballot, "reason"));
    const auto named = text_of(ballot, "address");
    if (named.empty())
        return bad("does not know the name");
    const auto server = server_at(master, named);
    const bool differs = named != text_of(master, "address");
    Html html = escaped(server);
    if (server.empty() || differs)
        html += address_html(named);
    if (!ballot.at("valid").get<bool>())
        html += bad("too old to count");
    else if (differs)
        html += bad("differs");
    auto flags = joined(ballot.at("flags"));
    if (ballot.at("tilt").get<bool>())
        flags += flags.empty() ? "TILT" : ", TILT";
    if (!flags.empty())
        html += bad(flags);
    return html;
}

Html role_of(const PageJson& node)
{
    const bool up = node.at("up").get<bool>();
    Html html = up ? escaped(text_of(node, "role", "unknown")) : bad("no answer");
    if (node.value("loading", false))
        html += bad("loading its data");
    if (up && text_of(node, "role") == "replica" && !node.value("link_up", true))
        html += bad("link to its master down");
    return html + small(text_of(node, "trouble"));
}

Html server_row(const PageJson& server)
{
    const auto state = text_of(server, "state", "\xe2\x80\x93");
    const auto wanted = text_of(server, "wanted");
    Html shown = escaped(state);
    const bool idle = wanted == "idle";
    if (idle && server.at("sessions").get<std::uint64_t>() > 0)
        shown += bad("should have no session");
    else if (!idle && wanted != "as it is" && !state.starts_with(wanted))
        shown += bad("should be " + wanted);
    return row(
        row_heading(escaped(text_of(server, "server"))) + cell(shown) +
        number_cell(number_of(server, "sessions")));
}

// The workers that a reload of HAProxy has left behind, where they are asked.
Html old_workers_of(const PageJson& haproxy)
{
    const auto report = haproxy.value("old_workers", PageJson());
    if (report.is_null())
        return {};
    if (!report.at("up").get<bool>())
        return Tag("p", "bad")
            .around(escaped("old workers out of reach: " + text_of(report, "failure")));
    Html html;
    for (const auto& worker : report.at("workers"))
        html += Tag("p").around(escaped(
            "old worker " + std::to_string(worker.at("pid").get<std::uint64_t>()) + ": " +
            number_of(worker, "sessions") + " sessions"));
    return html;
}

// `R1: silent -> odown`, or `R1 odown -> R3 degraded` when the master moved.
std::string move_text(const PageJson& master, const PageJson& change)
{
    const auto place = [&](const PageJson& end) {
        const auto at = text_of(end, "address", "none");
        const auto server = server_at(master, at);
        return server.empty() ? at : server;
    };
    const auto& before = change.at("from");
    const auto& after = change.at("to");
    const auto from = place(before);
    const auto to = place(after);
    const std::string arrow = " \xe2\x86\x92 ";
    const auto states = std::pair(text_of(before, "state"), text_of(after, "state"));
    return (from == to ? to + ": " + states.first + arrow + states.second
                       : from + ' ' + states.first + arrow + to + ' ' + states.second) +
           (change.at("open").get<bool>() ? "" : ", refused");
}

}  // namespace

Html sentinels_section(const PageJson& master)
{
    Html rows;
    for (const auto& ballot : master.at("ballots"))
        rows += row(
            row_heading(address_html(text_of(ballot, "sentinel"))) + cell(vote_of(master, ballot)) +
            number_cell(number_of(ballot, "epoch")) + number_cell(age_of(ballot)));
    return section(
        "sentinels",
        "Sentinels",
        table("What each Sentinel says", {"Sentinel", "names", "#epoch", "#age"}, rows));
}

Html nodes_section(const PageJson& master)
{
    const auto& nodes = master.at("nodes");
    if (nodes.empty())
        return section(
            "nodes",
            "Nodes",
            Tag("p", "quiet")
                .around(escaped("The agent does not ask them: no redis: in its configuration.")));
    Html rows;
    for (const auto& node : nodes)
        rows += row(
            row_heading(escaped(text_of(node, "server")) + address_html(text_of(node, "address"))) +
            cell(role_of(node)) +
            number_cell(
                node.contains("lag_bytes") ? size_text(node.at("lag_bytes").get<std::uint64_t>())
                                           : "\xe2\x80\x93") +
            number_cell(age_of(node)));
    return section(
        "nodes",
        "Nodes",
        table("What each node says of itself", {"server", "role", "#lag", "#age"}, rows));
}

Html haproxies_section(const PageJson& master)
{
    Html content;
    for (const auto& haproxy : master.at("haproxy")) {
        if (!haproxy.at("up").get<bool>())
            content += Tag("p").around(
                address_html(text_of(haproxy, "runtime_api")) +
                bad(text_of(haproxy, "failure", "no answer")));
        for (const auto& backend : haproxy.at("backends")) {
            Html rows;
            for (const auto& server : backend.at("servers"))
                rows += server_row(server);
            if (!rows.empty())
                content +=
                    table(text_of(backend, "backend"), {"server", "state", "#sessions"}, rows);
            for (const auto& warning : backend.at("warnings"))
                content += Tag("p", "bad").around(escaped(warning.get<std::string>()));
        }
        content += old_workers_of(haproxy);
    }
    return content.empty() ? content : section("haproxy", "HAProxy", content);
}

Html changes_section(const PageJson& master, std::string_view now)
{
    // Without std::views, which clang 14 cannot compile with this library.
    Html items;
    std::size_t shown = 0;
    const auto& changes = master.at("changes");
    for (auto change = changes.rbegin(); change != changes.rend() && shown < changes_shown;
         ++change, ++shown)
        items += Tag("li").around(
            moment_html(text_of(*change, "at"), now) + escaped(' ' + move_text(master, *change)) +
            small(text_of(*change, "reason")));
    return items.empty()
               ? items
               : section("changes", "Last changes of the verdict", Tag("ol").around(items));
}

}  // namespace spoa::telemetry
