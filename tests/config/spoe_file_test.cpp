#include "config/spoe_file.hpp"

#include "config/temporary_folder.hpp"
#include "config/told.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using config::processing_timeout;
using spoa::test::check_one;
using spoa::test::good_masters;
using spoa::test::good_sentinels;
using spoa::test::TemporaryFolder;
using spoa::test::told;

namespace {

std::vector<std::string> told_of(const std::string& spoe, const std::string& masters = good_masters)
{
    const TemporaryFolder folder;
    folder.write("spoe.cfg", spoe);
    return told(config::load_text(
        "spop: {spoe_file: spoe.cfg}\n" + good_sentinels + masters, folder.path()));
}

}  // namespace

TEST_SUITE("config/spoe_file")
{
    TEST_CASE("HAProxy's times have a unit or are milliseconds")
    {
        const std::vector<std::pair<std::string, std::chrono::milliseconds>> times{
            {"300", 300ms},
            {"300ms", 300ms},
            {"9s", 9s},
            {"1m", 60s},
            {"1h", 1h},
            {"1d", 24h},
            {"2500us", 2ms}};
        for (const auto& [text, time] : times) {
            CAPTURE(text);
            CHECK(processing_timeout("  timeout processing " + text + "\n") == time);
        }
        for (const std::string_view none :
             {"",
              "timeout hello 1s",
              "# timeout processing 1s",
              "timeout processing",
              "timeout processing soon"})
            CHECK_FALSE(processing_timeout(none).has_value());
    }

    TEST_CASE("of several agents in a file the least patient one counts")
    {
        CHECK(processing_timeout("timeout processing 9s\n timeout\tprocessing  2s # x") == 2s);
    }

    TEST_CASE("a file that is patient enough is nothing to talk about, and neither is none")
    {
        CHECK(told_of("[sentinel]\nspoe-agent a\n  timeout processing 8500ms\n").empty());
        CHECK(told(good_sentinels + good_masters).empty());
    }

    TEST_CASE("a file that gives up before the wait is over is a warning with the remedy")
    {
        check_one(
            told_of("timeout processing 300ms\n"),
            "1:19: warning",
            {"'spoe.cfg' has `timeout processing 300ms`",
             "write `timeout processing 8500ms` for a policy.wait of 8s"});
        check_one(told_of("timeout processing 8s\n"), "1:19: warning", {"8500ms"});
        check_one(told_of("spoe-agent a\n"), "1:19: warning", {"has no `timeout processing`"});
    }

    TEST_CASE("the longest wait of all names counts, and without any wait any file is right")
    {
        const std::string names =
            "masters:\n"
            "  - {name: a, servers: {R1: a:1}, policy: {wait: 0}}\n"
            "  - {name: b, servers: {R1: b:1}, policy: {wait: 20s}}\n";
        check_one(told_of("timeout processing 9s\n", names), "1:19: warning", {"20500ms", "20s"});
        const std::string none = "masters: [{name: a, servers: {R1: a:1}, policy: {wait: 0}}]\n";
        CHECK(told_of("timeout processing 300ms\n", none).empty());
    }

    TEST_CASE("a file that cannot be read is a warning: HAProxy may be set up later")
    {
        check_one(
            told("spop: {spoe_file: /nowhere/spoe.cfg}\n" + good_sentinels + good_masters),
            "1:19: warning",
            {"cannot read '/nowhere/spoe.cfg'"});
    }
}
