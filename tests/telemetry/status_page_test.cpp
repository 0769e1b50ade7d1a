#include "telemetry/status_page.hpp"

#include "telemetry/page_files.hpp"
#include "telemetry/report.hpp"
#include "telemetry/watches.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <regex>
#include <string>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using nlohmann::json;
using spoa::test::good_watch;
using spoa::test::silent_watch;
using spoa::test::start;
using telemetry::status_page;
using telemetry::status_part;

namespace {

const std::vector<telemetry::SentinelReport> sentinels{
    {"s1:26379", true, ""}, {"s2:26379", true, ""}, {"s3:26379", false, "connection refused"}};

const telemetry::Moment now{start + 1s, std::chrono::system_clock::time_point()};

// The part for these names, each in full, after `edit` had its way with the last one's report.
template <class Edit>
std::string part_of(const std::vector<verdict::Watch>& watches, Edit edit)
{
    std::vector<telemetry::NameReport> names;
    for (const auto& watch : watches)
        names.push_back({watch, {}});
    std::vector<std::string> details;
    for (const auto& name : names)
        details.push_back(telemetry::master_json(name, sentinels, now));
    auto last = json::parse(details.back());
    edit(last);
    details.back() = last.dump();
    return status_part(telemetry::masters_json(names, sentinels, now), details);
}

std::string part_of(const std::vector<verdict::Watch>& watches)
{
    return part_of(watches, [](json&) {});
}

bool has(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

std::size_t count(const std::string& text, const std::string& part)
{
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++found;
    return found;
}

json failover(const json& phases, const json& more = json::object())
{
    json made{
        {"cause", "down"},
        {"from", "R1"},
        {"to", "R2"},
        {"from_address", "10.0.0.1:6379"},
        {"to_address", "10.0.0.2:6379"},
        {"phases",
         {{"doubt", nullptr},
          {"o_down", nullptr},
          {"majority", nullptr},
          {"verdict", nullptr},
          {"sessions_ended", nullptr},
          {"first_session", nullptr}}},
        {"ended", nullptr},
        {"false_alarm", false}};
    made["phases"].update(phases);
    made.update(more);
    return made;
}

}  // namespace

TEST_SUITE("telemetry/status_page")
{
    TEST_CASE("a name with a master says which, in words and not by a colour alone")
    {
        const auto part = part_of({good_watch("orders")});
        CHECK(has(part, ">R1 is master of orders</h1>"));
        CHECK(has(part, "Connections go to <strong>R1</strong>"));
        CHECK(has(part, "\u25CF</span> ok</span>"));
        CHECK(has(part, "3 of 3"));
        CHECK(has(part, "10.0.0.1:<wbr>6379"));
        CHECK(has(part, "The Sentinel s3:26379 does not answer: connection refused"));
    }

    TEST_CASE("a name without a master says why, and what would change it")
    {
        const auto part = part_of({good_watch("orders"), silent_watch("carts")});
        CHECK(has(part, ">carts has no master that may be used</h1>"));
        CHECK(has(part, "New connections are refused"));
        CHECK(has(part, "\u25A0</span> no-quorum</span>"));
        CHECK(
            has(part, "What would change it: answers of a majority of the configured Sentinels."));
        CHECK(has(part, "<a href=\"?name=orders\">orders</a>"));
    }

    TEST_CASE("in doubt the page says that connections are held back, and how many wait")
    {
        const auto part = part_of({good_watch()}, [](json& master) {
            master["state"] = "odown";
            master["open"] = false;
            master["reason"] = "2 of 3 Sentinels see 10.0.0.1:6379 as down";
            master["waiting"] = 1'234;
        });
        CHECK(has(part, "New connections are held back"));
        CHECK(has(part, "2 of 3 Sentinels see 10.0.0.1:6379 as down"));
        CHECK(has(part, "<dt>connections waiting</dt><dd>1,234</dd>"));
    }

    TEST_CASE("each Sentinel's vote, and what sets it apart")
    {
        const auto part = part_of({good_watch()}, [](json& master) {
            master["ballots"] = {
                {{"sentinel", "s1:26379"},
                 {"valid", true},
                 {"address", "10.0.0.1:6379"},
                 {"epoch", 7},
                 {"flags", {"s_down", "o_down"}},
                 {"age_ms", 120},
                 {"tilt", true}},
                {{"sentinel", "s2:26379"},
                 {"valid", true},
                 {"address", "10.0.0.9:6379"},
                 {"epoch", 8},
                 {"flags", json::array()},
                 {"age_ms", 2'340},
                 {"tilt", false}},
                {{"sentinel", "s3:26379"}, {"valid", false}, {"reason", "connection refused"}}};
        });
        CHECK(has(part, "<td>R1<span class=\"bad\">s_down, o_down, TILT"));
        CHECK(has(part, "s_down, o_down, TILT"));
        CHECK(has(part, "10.0.0.9:<wbr>6379</small><span class=\"bad\">differs</span>"));
        CHECK(has(part, "no vote</span><small>connection refused</small>"));
        CHECK(has(part, ">2.3 s</td>"));
    }

    TEST_CASE("the nodes with role, lag and what is wrong with them")
    {
        const auto part = part_of({good_watch()}, [](json& master) {
            master["nodes"] = {
                {{"server", "R1"},
                 {"address", "10.0.0.1:6379"},
                 {"up", true},
                 {"role", "master"},
                 {"age_ms", 20},
                 {"loading", false}},
                {{"server", "R2"},
                 {"address", "10.0.0.2:6379"},
                 {"up", true},
                 {"role", "replica"},
                 {"age_ms", 20},
                 {"loading", true},
                 {"link_up", false},
                 {"lag_bytes", 1'536}},
                {{"server", "R3"},
                 {"address", "10.0.0.3:6379"},
                 {"up", false},
                 {"trouble", "connection refused"}}};
        });
        CHECK(has(part, "loading its data"));
        CHECK(has(part, "link to its master down"));
        CHECK(has(part, "1.5 KiB"));
        CHECK(has(part, "no answer</span><small>connection refused</small>"));
    }

    TEST_CASE("HAProxy's servers with their sessions, and what is not as it should be")
    {
        const auto part = part_of({good_watch()}, [](json& master) {
            master["haproxy"] = {
                {{"runtime_api", "unix:/run/h.sock"},
                 {"up", false},
                 {"failure", "permission denied"},
                 {"backends",
                  {{{"backend", "nodes"},
                    {"servers",
                     {{{"server", "R1"}, {"state", "ready"}, {"wanted", "maint"}, {"sessions", 12}},
                      {{"server", "R2"},
                       {"state", "maint (by the agent)"},
                       {"wanted", "maint"},
                       {"sessions", 0}}}},
                    {"warnings", {"R9 is not known"}}}}}}};
        });
        CHECK(has(part, "permission denied"));
        CHECK(has(part, "ready<span class=\"bad\">should be maint</span>"));
        CHECK(has(part, "<td>maint (by the agent)</td>"));
        CHECK(has(part, ">12</td>"));
        CHECK(has(part, "R9 is not known"));
    }

    TEST_CASE("the workers that a reload has left behind, where they are known")
    {
        const auto with = [](const json& report) {
            return part_of({good_watch()}, [&](json& master) {
                master["haproxy"] = {
                    {{"runtime_api", "unix:/run/h.sock"},
                     {"up", true},
                     {"backends", json::array()},
                     {"old_workers", report}}};
            });
        };
        const json workers = {{{"pid", 4711}, {"sessions", 1'200}}};
        CHECK(has(with({{"up", true}, {"workers", workers}}), "old worker 4711: 1,200 sessions"));
        CHECK(
            has(with({{"up", false}, {"failure", "refused"}, {"workers", json::array()}}),
                "old workers out of reach: refused"));
        CHECK(!has(with(nullptr), "old worker"));
    }

    TEST_CASE("the phases of a failover stand in the order they came, with their milliseconds")
    {
        const auto part = part_of({good_watch()}, [](json& master) {
            master["failovers"] = {
                failover(
                    {{"doubt", "2026-11-27T05:00:00.000Z"},
                     {"o_down", "2026-11-27T05:00:00.100Z"},
                     {"majority", "2026-11-27T05:00:01.830Z"},
                     {"verdict", "2026-11-27T05:00:01.831Z"},
                     {"sessions_ended", "2026-11-27T05:00:00.004Z"}}),
                failover(
                    {{"doubt", "2026-11-27T04:00:00.000Z"}},
                    {{"false_alarm", true}, {"ended", "2026-11-27T04:00:00.480Z"}})};
        });
        CHECK(has(part, "R1 \u2192 R2"));
        CHECK(has(part, "1,831 ms until the verdict, the master was down"));
        CHECK(part.find("R1&#39;s last session ended") < part.find("Sentinels: R1 is down"));
        CHECK(part.find("Sentinels: R1 is down") < part.find("a majority names R2"));
        CHECK(has(part, "+1,830 ms"));
        CHECK(has(part, "first new session on R2</span><span class=\"number\">not yet"));
        CHECK(has(part, "a false alarm"));
        CHECK(has(part, "R1 is out of doubt"));
        CHECK(count(part, "<details id=") == 2);
        CHECK(count(part, " open=\"\"") == 1);
    }

    TEST_CASE("a failover under way tells how long, and does not know where to")
    {
        const auto part = part_of({good_watch()}, [](json& master) {
            master["failovers"] = {failover(
                {{"doubt", "1969-12-31T23:59:59.100Z"}},
                {{"to", nullptr}, {"to_address", nullptr}})};
        });
        CHECK(has(part, "R1 \u2192 ?"));
        CHECK(has(part, "under way for 900 ms"));
        CHECK(has(part, "a majority names another</span><span class=\"number\">not yet"));
    }

    TEST_CASE("nothing from outside becomes markup")
    {
        const std::string evil = R"(</main><script>alert("1")</script><img src=x onerror='x'>)";
        const auto part = part_of({good_watch()}, [&](json& master) {
            // Every text of the report, wherever it is, but for the moments and the words of ours.
            for (const auto* const key :
                 {"name", "server", "address", "reason", "way_out", "state"})
                master[key] = evil;
            master["warnings"] = {evil};
            master["ballots"] = {
                {{"sentinel", evil},
                 {"valid", true},
                 {"address", evil},
                 {"epoch", 7},
                 {"flags", {evil}},
                 {"age_ms", 1},
                 {"tilt", false}},
                {{"sentinel", evil}, {"valid", false}, {"reason", evil}}};
            master["nodes"] = {
                {{"server", evil},
                 {"address", evil},
                 {"up", true},
                 {"role", evil},
                 {"trouble", evil}}};
            master["haproxy"] = {
                {{"runtime_api", evil},
                 {"up", false},
                 {"failure", evil},
                 {"backends",
                  {{{"backend", evil},
                    {"servers",
                     {{{"server", evil}, {"state", evil}, {"wanted", evil}, {"sessions", 1}}}},
                    {"warnings", {evil}}}}}}};
            master["reads"] = {
                {"servers", {evil}},
                {"fallback", evil},
                {"max_lag_bytes", 1},
                {"max_lag_ms", 1},
                {"replicas", {{{"server", evil}, {"usable", false}, {"fitness", evil}}}}};
            master["twemproxy"] = {
                {{"config", evil},
                 {"follows", false},
                 {"trouble", evil},
                 {"pools",
                  {{{"pool", evil},
                    {"server", evil},
                    {"in_file", evil},
                    {"wanted", evil + "x"}}}}}};
            master["changes"] = {
                {{"at", evil},
                 {"open", false},
                 {"reason", evil},
                 {"from", {{"state", evil}, {"address", evil}}},
                 {"to", {{"state", evil}, {"address", evil}}}}};
            master["since"] = evil;
            master["failovers"] = {failover(
                {{"doubt", "2026-11-27T05:00:00.000Z"}},
                {{"from", evil}, {"to", evil}, {"cause", evil}, {"from_address", evil}})};
        });
        CHECK(count(part, "&lt;script&gt;") > 35);
        CHECK(!has(part, "<script"));
        CHECK(!has(part, "<img"));
        CHECK(count(part, "</main>") == 1);
        CHECK(!has(part, "='x'"));
    }

    TEST_CASE("bytes that are no UTF-8 do not break the page")
    {
        auto sentinel = sentinels;
        sentinel[2].failure = "\xff\xfe<b>";
        const auto watch = good_watch();
        const std::vector<telemetry::NameReport> names{{watch, {}}};
        const auto part = status_part(telemetry::masters_json(names, sentinel, now), {});
        CHECK(has(part, "\uFFFD\uFFFD&lt;b&gt;"));
    }

    TEST_CASE("the page is whole without anything from elsewhere, and its policy allows no more")
    {
        const auto page = status_page("<main>{{script}}</main>", "abc");
        CHECK(has(page, "<main>{{script}}</main>"));
        CHECK(count(page, " nonce=\"abc\"") == 2);
        CHECK(count(page, "<script") == 1);
        CHECK(count(page, "<style") == 1);
        CHECK(!has(page, " style="));
        CHECK(!has(page, "url("));
        CHECK(!has(page, "https:"));
        CHECK(has(telemetry::page_policy("abc"), "default-src 'none'"));
        CHECK(!has(telemetry::page_policy("abc"), "unsafe"));
        CHECK(telemetry::random_nonce().size() == 32);
        CHECK(telemetry::random_nonce() != telemetry::random_nonce());
    }

    TEST_CASE("no attribute of the page's own is a style or a handler, which the policy refuses")
    {
        const auto part = part_of({good_watch()}, [](json& master) {
            master["failovers"] = {failover({{"doubt", "2026-11-27T05:00:00.000Z"}})};
        });
        CHECK(!has(part, " style="));
        CHECK(!std::regex_search(part, std::regex(" on[a-z]+=")));
    }
}
