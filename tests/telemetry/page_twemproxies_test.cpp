#include "telemetry/page_sections.hpp"

#include <doctest/doctest.h>

#include <string>

using nlohmann::json;
using spoa::telemetry::twemproxies_section;

namespace {

json report(const json& more)
{
    json twemproxy{
        {"config", "/etc/nutcracker.yml"},
        {"follows", true},
        {"pools",
         {{{"pool", "alpha"},
           {"server", "one"},
           {"in_file", "10.0.0.1:6379"},
           {"wanted", "10.0.0.1:6379"}},
          {{"pool", "beta"}, {"server", nullptr}, {"in_file", nullptr}, {"wanted", nullptr}}}}};
    twemproxy.update(more);
    return {{"twemproxy", {twemproxy}}};
}

bool has(const json& master, const std::string& part)
{
    return twemproxies_section(master).text().find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("telemetry/page_twemproxies")
{
    TEST_CASE("each pool with the address that is in nutcracker's file")
    {
        const auto master = report({{"last_restart_ms", 41.7}});
        CHECK(has(master, "/etc/nutcracker.yml; its last restart took 42 ms</caption>"));
        CHECK(has(master, "alpha<small>one</small>"));
        CHECK(has(master, "10.0.0.1:<wbr>6379"));
        CHECK(has(master, "<td>not known</td>"));
        CHECK_FALSE(has(master, "bad"));
    }

    TEST_CASE("a file that has another address than the master's, and why it does not follow")
    {
        auto master = report({{"follows", false}, {"trouble", "no space left on device"}});
        master["twemproxy"][0]["pools"][0]["wanted"] = "10.0.0.2:6379";
        CHECK(has(master, "<span class=\"bad\">should be 10.0.0.2:6379</span>"));
        CHECK(has(master, "it does not follow: no space left on device"));
    }

    TEST_CASE("nothing where no nutcracker is configured")
    {
        CHECK(twemproxies_section(json::object()).empty());
        CHECK(twemproxies_section({{"twemproxy", json::array()}}).empty());
    }
}
