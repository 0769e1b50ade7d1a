#include "telemetry/page_words.hpp"

#include "verdict/state.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace spoa::telemetry;
using namespace std::chrono_literals;

TEST_SUITE("telemetry/page_words")
{
    TEST_CASE("every state has its sentence")
    {
        for (const auto state : spoa::verdict::state_names) {
            CAPTURE(state);
            CHECK(!meaning_of(state).empty());
        }
        CHECK(meaning_of("<b>").empty());
    }

    TEST_CASE("the colour follows the gate first, and comes with a sign of its own")
    {
        CHECK(tone_of("ok", true).css == "good");
        CHECK(tone_of("degraded", true).css == "note");
        CHECK(tone_of("odown", true).css == "note");
        CHECK(tone_of("odown", false).css == "doubt");
        CHECK(tone_of("silent", false).css == "doubt");
        CHECK(tone_of("no-quorum", false).css == "shut");
        CHECK(tone_of("ok", true).sign != tone_of("degraded", true).sign);
        CHECK(tone_of("odown", false).sign != tone_of("no-quorum", false).sign);
    }

    TEST_CASE("numbers, ages and sizes are written for the eye")
    {
        CHECK(grouped(0) == "0");
        CHECK(grouped(999) == "999");
        CHECK(grouped(1'000) == "1,000");
        CHECK(grouped(1'234'567) == "1,234,567");
        CHECK(age_text(-5ms) == "0 ms");
        CHECK(age_text(999ms) == "999 ms");
        CHECK(age_text(12'340ms) == "12.3 s");
        CHECK(age_text(100s) == "1 min");
        CHECK(age_text(100min) == "1 h");
        CHECK(age_text(72h) == "3 d");
        CHECK(size_text(1'023) == "1023 B");
        CHECK(size_text(1'536) == "1.5 KiB");
        CHECK(size_text(UINT64_MAX) == "16777216.0 TiB");
    }

    TEST_CASE("a moment of a report is read back, and nothing else is")
    {
        CHECK(parse_moment("1970-01-02T00:00:01.500Z") == Millis(24h + 1'500ms));
        for (const std::string text :
             {"",
              "1970-01-02T00:00:01Z",
              "1970-13-02T00:00:01.500Z",
              "1970-01-02 00:00:01.500Z",
              "1970-01-02T00:00:01.5000",
              "+970-01-02T00:00:01.500Z"}) {
            CAPTURE(text);
            CHECK(!parse_moment(text));
        }
    }

    TEST_CASE("an address may break before its port, a host name after its dots")
    {
        CHECK(
            address_html("10.0.0.1:6379").text() ==
            "<small class=\"address\">10.0.0.1:<wbr>6379</small>");
        CHECK(
            address_html("[fd00::1]:6379").text() ==
            "<small class=\"address\">[fd00::1]:<wbr>6379</small>");
        CHECK(
            address_html("r1.x:6379").text() ==
            "<small class=\"address\">r1.<wbr>x:<wbr>6379</small>");
        CHECK(address_html("<b>").text() == "<small class=\"address\">&lt;b&gt;</small>");
        CHECK(address_html("").text() == "<small class=\"address\"></small>");
    }

    TEST_CASE("today's moments are shown without their date")
    {
        const std::string moment = "2026-11-27T05:00:00.123Z";
        CHECK(
            moment_html(moment, "2026-11-27T06:00:00.000Z").text() ==
            "<time datetime=\"" + moment + "\">05:00:00 UTC</time>");
        CHECK(
            moment_html(moment, "2026-11-28T06:00:00.000Z").text() ==
            "<time datetime=\"" + moment + "\">2026-11-27 05:00:00 UTC</time>");
        CHECK(moment_html("<soon>", moment).text() == "&lt;soon&gt;");
    }
}
