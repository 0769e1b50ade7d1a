#include "telemetry/page_sections.hpp"

#include "telemetry/page_words.hpp"

#include <initializer_list>
#include <utility>
#include <vector>

namespace spoa::telemetry {
namespace {

constexpr std::size_t changes_shown = 6;

Html small(std::string_view text)
{
    return text.empty() ? Html() : Tag("small").around(escaped(text));
}

Html cell(const Html& content)
{
    return Tag("td").around(content);
}

Html number_cell(std::string_view text)
{
    return Tag("td", "number").around(escaped(text));
}

Html row_heading(const Html& content)
{
    return Tag("th").with("scope", "row").around(content);
}

Html row(const Html& cells)
{
    return Tag("tr").around(cells);
}

// The columns whose heading begins with `#` hold numbers.
Html table(
    std::string_view caption, std::initializer_list<std::string_view> headings, const Html& rows)
{
    Html head;
    for (auto heading : headings) {
        Tag th("th");
        th.with("scope", "col");
        if (heading.starts_with('#')) {
            th.with("class", "number");
            heading.remove_prefix(1);
        }
        head += th.around(escaped(heading));
    }
    return Tag("table").around(
        Tag("caption").around(escaped(caption)) + Tag("thead").around(row(head)) +
        Tag("tbody").around(rows));
}

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

std::string number_of(const PageJson& object, const char* key)
{
    return object.contains(key) ? grouped(object.at(key).get<std::uint64_t>()) : "\xe2\x80\x93";
}

std::string age_of(const PageJson& object)
{
    return object.contains("age_ms")
               ? age_text(std::chrono::milliseconds(object.at("age_ms").get<std::int64_t>()))
               : "\xe2\x80\x93";
}

Html vote_of(const PageJson& master, const PageJson& ballot)
{
    if (!ballot.contains("address"))
        return Tag("span", "bad").around(escaped("no vote")) + small(text_of(ballot, "reason"));
    const auto named = text_of(ballot, "address");
    if (named.empty())
        return Tag("span", "bad").around(escaped("does not know the name"));
    const auto server = server_at(master, named);
    const bool differs = named != text_of(master, "address");
    Html html = escaped(server);
    if (server.empty() || differs)
        html += address_html(named);
    if (!ballot.at("valid").get<bool>())
        html += Tag("span", "bad").around(escaped("too old to count"));
    else if (differs)
        html += Tag("span", "bad").around(escaped("differs"));
    auto flags = joined(ballot.at("flags"));
    if (ballot.at("tilt").get<bool>())
        flags += flags.empty() ? "TILT" : ", TILT";
    if (!flags.empty())
        html += Tag("span", "bad").around(escaped(flags));
    return html;
}

Html role_of(const PageJson& node)
{
    const bool up = node.at("up").get<bool>();
    Html html = up ? escaped(text_of(node, "role", "unknown"))
                   : Tag("span", "bad").around(escaped("no answer"));
    if (node.value("loading", false))
        html += Tag("span", "bad").around(escaped("loading its data"));
    if (up && text_of(node, "role") == "replica" && !node.value("link_up", true))
        html += Tag("span", "bad").around(escaped("link to its master down"));
    return html + small(text_of(node, "trouble"));
}

Html server_row(const PageJson& server)
{
    const auto state = text_of(server, "state", "\xe2\x80\x93");
    const auto wanted = text_of(server, "wanted");
    Html shown = escaped(state);
    if (wanted != "as it is" && !state.starts_with(wanted))
        shown += Tag("span", "bad").around(escaped("should be " + wanted));
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

std::string text_of(const PageJson& object, const char* key, std::string_view otherwise)
{
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>()
                                                       : std::string(otherwise);
}

Html section(Literal css_class, Literal heading, const Html& content)
{
    return Tag("section", css_class).around(Tag("h3").around(Html(heading)) + content);
}

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
                Tag("span", "bad").around(escaped(text_of(haproxy, "failure", "no answer"))));
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
