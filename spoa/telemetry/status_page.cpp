#include "telemetry/status_page.hpp"

#include "base/percent.hpp"
#include "telemetry/page_files.hpp"
#include "telemetry/page_sections.hpp"
#include "telemetry/page_words.hpp"

#include <array>
#include <cstdio>
#include <random>
#include <vector>

namespace spoa::telemetry {
namespace {

// Whether HAProxy carries connections to where the verdict leads.
bool is_deliverable(const PageJson& master)
{
    return master.value("deliverable", true);
}

Html badge(const PageJson& master)
{
    const bool delivered = is_deliverable(master);
    const auto state = text_of(master, "state");
    const auto tone = tone_of(state, master.at("open").get<bool>() && delivered);
    return Tag("span")
        .with("class", "badge " + std::string(tone.css))
        .around(
            Tag("span").with("aria-hidden", "true").around(escaped(tone.sign)) +
            escaped(" " + state + (delivered ? "" : ", undeliverable")));
}

// Where connections go, in one sentence.
Html traffic_of(const PageJson& master)
{
    const auto server = text_of(master, "server", text_of(master, "address", "none"));
    if (!is_deliverable(master))
        return escaped("HAProxy does not carry all connections to where they should go");
    if (master.at("open").get<bool>())
        return escaped("Connections go to ") + Tag("strong").around(escaped(server));
    const auto tone = tone_of(text_of(master, "state"), false);
    return escaped(
        tone.css == "doubt" ? "New connections are held back" : "New connections are refused");
}

std::string count_text(const PageJson& object, const char* key)
{
    return grouped(object.at(key).get<std::uint64_t>());
}

Html fact(Literal term, const Html& description)
{
    return Tag("div").around(Tag("dt").around(Html(term)) + Tag("dd").around(description));
}

Html facts_of(const PageJson& master, std::string_view now)
{
    const auto since = text_of(master, "since");
    Html lasts;
    if (const auto from = parse_moment(since), to = parse_moment(now); from && to)
        lasts = Tag("small").around(escaped("for " + age_text(*to - *from)));
    return Tag("dl").around(
        fact(
            "master in force",
            escaped(text_of(master, "server", "none")) + address_html(text_of(master, "address"))) +
        fact("since", moment_html(since, now) + lasts) +
        fact(
            "votes",
            escaped(count_text(master, "votes") + " of " + count_text(master, "sentinels")) +
                Tag("small").around(escaped("majority " + count_text(master, "majority")))) +
        fact("epoch", escaped(count_text(master, "epoch"))) +
        fact("connections waiting", escaped(count_text(master, "waiting"))));
}

Html reasons_of(const PageJson& master)
{
    const auto state = text_of(master, "state");
    const auto reason = text_of(master, "reason");
    Html html = Tag("p", "meaning").around(escaped(meaning_of(state)));
    if (!reason.empty())
        html += Tag("p", "reason").around(escaped(reason));
    if (state != "ok")
        html += Tag("p", "quiet")
                    .around(escaped("What would change it: " + text_of(master, "way_out") + "."));
    for (const auto& warning : master.value("problems", master.at("warnings")))
        html += Tag("p", "warning")
                    .around(
                        Tag("strong").around(escaped("Warning: ")) +
                        escaped(warning.get<std::string>()));
    return html;
}

Html card(const PageJson& master, std::string_view now)
{
    const auto name = text_of(master, "name");
    const auto tone =
        tone_of(text_of(master, "state"), master.at("open").get<bool>() && is_deliverable(master));
    return Tag("article")
        .with("class", "name " + std::string(tone.css))
        .with("id", name)
        .with("aria-label", name)
        .around(
            Tag("header").around(
                Tag("h2").around(escaped(name)) + badge(master) +
                Tag("p", "traffic").around(traffic_of(master))) +
            reasons_of(master) + facts_of(master, now) +
            Tag("div", "sections")
                .around(
                    failovers_section(master, now) + sentinels_section(master) +
                    nodes_section(master) + reads_section(master) + haproxies_section(master) +
                    twemproxies_section(master) + changes_section(master, now)));
}

// All names in a table; each leads to its card.
Html overview(const PageJson& masters)
{
    Html rows;
    for (const auto& master : masters) {
        const auto name = text_of(master, "name");
        const auto cell = [](const Html& content) { return Tag("td").around(content); };
        const auto number = [](const Html& content) { return Tag("td", "number").around(content); };
        rows += Tag("tr").around(
            Tag("th")
                .with("scope", "row")
                .around(
                    Tag("a").with("href", "?name=" + percent_encoded(name)).around(escaped(name))) +
            cell(badge(master)) +
            cell(
                escaped(text_of(master, "server", "none")) +
                address_html(text_of(master, "address"))) +
            number(escaped(count_text(master, "votes") + "/" + count_text(master, "sentinels"))) +
            number(escaped(count_text(master, "epoch"))) +
            number(escaped(count_text(master, "waiting"))));
    }
    const Html head(
        "<caption>All names</caption><thead><tr><th scope=\"col\">name</th><th scope=\"col\">state"
        "</th><th scope=\"col\">master</th><th scope=\"col\" class=\"number\">votes</th>"
        "<th scope=\"col\" class=\"number\">epoch</th><th scope=\"col\" class=\"number\">waiting"
        "</th></tr></thead>");
    return Tag("section", "overview").around(Tag("table").around(head + Tag("tbody").around(rows)));
}

// The answer to the first question, in one sentence.
std::string headline_of(const PageJson& masters)
{
    std::vector<std::string> closed;
    std::vector<std::string> undeliverable;
    bool in_doubt = true;  // all of them, so that waiting is likely to help
    for (const auto& master : masters)
        if (!master.at("open").get<bool>()) {
            closed.push_back(text_of(master, "name"));
            in_doubt = in_doubt && tone_of(text_of(master, "state"), false).css == "doubt";
        }
    for (const auto& master : masters)
        if (master.at("open").get<bool>() && !is_deliverable(master))
            undeliverable.push_back(text_of(master, "name"));
    if (closed.empty() && !undeliverable.empty())
        return "HAProxy does not deliver " +
               (undeliverable.size() == 1 ? undeliverable.front()
                                          : std::to_string(undeliverable.size()) + " names");
    const std::string what = in_doubt ? "waits for a master" : "has no master that may be used";
    if (masters.size() == 1 && closed.empty())
        return text_of(masters[0], "server", "the master") + " is master of " +
               text_of(masters[0], "name");
    if (closed.empty())
        return "All " + std::to_string(masters.size()) + " names have a master";
    if (closed.size() == 1)
        return closed.front() + ' ' + what;
    return std::to_string(closed.size()) + " of " + std::to_string(masters.size()) +
           " names: each " + what;
}

// Replaces each `{{key}}` of the frame; what is put in is not looked at again.
std::string filled(
    std::string_view frame,
    std::initializer_list<std::pair<std::string_view, std::string_view>> values)
{
    std::string out;
    for (auto open = frame.find("{{"); open != std::string_view::npos; open = frame.find("{{")) {
        const auto close = frame.find("}}", open);
        const auto key = frame.substr(open + 2, close - open - 2);
        out += frame.substr(0, open);
        for (const auto& [name, value] : values)
            if (name == key)
                out += value;
        frame.remove_prefix(close + 2);
    }
    return out += frame;
}

}  // namespace

std::string status_part(std::string_view masters_json, std::span<const std::string> details)
{
    const auto json = PageJson::parse(masters_json);
    const auto& masters = json.at("masters");
    const auto now = text_of(json, "time");
    const auto headline = headline_of(masters);

    Html content =
        Tag("h1").with("role", "status").with("aria-live", "polite").around(escaped(headline));
    for (const auto& sentinel : json.at("sentinels"))
        if (!sentinel.at("up").get<bool>())
            content +=
                Tag("p", "warning")
                    .around(escaped(
                        "The Sentinel " + text_of(sentinel, "address") +
                        " does not answer: " + text_of(sentinel, "failure", "not asked yet")));
    if (masters.size() > 1)
        content += overview(masters);
    for (const auto& detail : details)
        content += card(PageJson::parse(detail), now);
    return Tag("main").with("data-title", headline).with("data-time", now).around(content).text();
}

std::string status_page(std::string_view part, std::string_view nonce)
{
    return filled(
        page_files::page_html,
        {{"nonce", nonce},
         {"style", page_files::page_css},
         {"script", page_files::page_js},
         {"main", part}});
}

std::string page_policy(std::string_view nonce)
{
    const auto ours = "'nonce-" + std::string(nonce) + "'";
    return "default-src 'none'; style-src " + ours + "; script-src " + ours +
           "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
           "frame-ancestors 'none'";
}

std::string random_nonce()
{
    std::random_device random;
    std::string nonce;
    for (int i = 0; i < 4; ++i) {
        std::array<char, 9> digits{};
        std::snprintf(digits.data(), digits.size(), "%08x", random());
        nonce += digits.data();
    }
    return nonce;
}

}  // namespace spoa::telemetry
