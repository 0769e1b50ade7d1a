#include "config/master_name.hpp"

#include "config/told.hpp"

#include <string>
#include <vector>

using namespace spoa;
using spoa::test::check_each;
using spoa::test::good_sentinels;
using spoa::test::told;

namespace {

std::string with_name(const std::string& name)
{
    return "masters:\n  - name: " + name + "\n    servers: {a: a:1}\n";
}

// The name as it is read; empty when it is refused.
std::string read(const std::string& name)
{
    const auto loaded = config::load_text(with_name(name) + good_sentinels, ".");
    return loaded.has_errors() ? std::string() : loaded.config.masters.at(0).name;
}

}  // namespace

TEST_SUITE("config/master_name")
{
    TEST_CASE("a plain name has nothing to tell")
    {
        for (const auto& name :
             {std::string("mymaster"), std::string("a-b_c.D9"), std::string(128, 'x')})
            CHECK(told(with_name(name) + good_sentinels).empty());
    }

    TEST_CASE("any other is taken, and how HAProxy is told it is noted")
    {
        CHECK(read("demo/rd-demo") == "demo/rd-demo");
        CHECK(read("orders+shard1+dc1") == "orders+shard1+dc1");
        CHECK(read("app:prod") == "app:prod");
        CHECK(read("mäster") == "mäster");
        CHECK(read("\"my cache\"") == "my cache");
        CHECK(read("' a \"b\" '") == " a \"b\" ");
        CHECK(read("\"!#$%&()*+,-./:;<=>?@[]^_`{|}~\\\\\"") == "!#$%&()*+,-./:;<=>?@[]^_`{|}~\\");
        check_each(
            {{with_name("demo/rd-demo"),
              "2:11: note",
              {"masters.name: 'demo/rd-demo': ", "it is written demo:2frd-demo"}}},
            good_sentinels);
    }

    TEST_CASE("what Sentinel takes and does not get over is warned of")
    {
        const auto all = told(with_name("'my cache'") + good_sentinels);
        REQUIRE(all.size() == 2);
        CHECK(all[0].starts_with("f:2:11: warning: masters.name: 'my cache': Sentinel writes"));
        CHECK(all[1].starts_with("f:2:11: note: masters.name: 'my cache': "));
        CHECK(told(with_name("a,b") + good_sentinels).at(0).find("commas") != std::string::npos);
        CHECK(
            told(with_name("a\"b") + good_sentinels).at(0).find("without quotes") !=
            std::string::npos);
    }

    TEST_CASE("what cannot be shown, is too long or may be a slip is refused")
    {
        check_each(
            {{with_name("\"\""), "2:11: error", {"the name is empty"}},
             {with_name("[a]"), "2:11: error", {"found a list"}},
             {with_name("my cache"), "2:11: error", {"'my…' has a blank; put the name in quotes"}},
             // A line that is indented too far: its password is not shown.
             {"masters:\n  - name: mymaster\n      password:hunter2\n    servers: {a: a:1}\n",
              "2:11: error",
              {"'mymaster…' has a blank"}},
             {with_name("\"a\\nb\""), "2:11: error", {"cannot be shown"}},
             {with_name("\"a\\x1bb\""), "2:11: error", {"cannot be shown"}},
             {with_name("\"a\\u202eb\""), "2:11: error", {"cannot be shown"}},
             {with_name(std::string(129, 'x')), "2:11: error", {"longer than 128 bytes"}}},
            good_sentinels);
    }

    TEST_CASE("two names that differ in one sign are two")
    {
        const auto both = [](const std::string& first, const std::string& second) {
            return "masters:\n  - {name: \"" + first + "\", servers: {a: a:1}}\n  - {name: \"" +
                   second + "\", servers: {a: a:1}}\n" + good_sentinels;
        };
        const auto has_errors = [](const std::string& text) {
            return config::load_text(text, ".").has_errors();
        };
        CHECK_FALSE(has_errors(both("a/b", "a:2fb")));
        CHECK_FALSE(has_errors(both("a/b", "a_b")));
        CHECK(has_errors(both("a/b", "a/b")));
    }
}
