#include "telemetry/html.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace spoa::telemetry;

TEST_SUITE("telemetry/html")
{
    TEST_CASE("what has a meaning in HTML loses it")
    {
        CHECK(
            escaped(R"(<script>alert("x" & 'y')</script>)").text() ==
            "&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)&lt;/script&gt;");
    }

    TEST_CASE("control characters are replaced, text in any language is not")
    {
        CHECK(escaped(std::string("a\0b\x1b[31m\x7f", 9)).text() == "a\uFFFDb\uFFFD[31m\uFFFD");
        CHECK(escaped("zażółć\n\tgęślą").text() == "zażółć\n\tgęślą");
    }

    TEST_CASE("an attribute cannot be left")
    {
        CHECK(
            Tag("a").with("href", "\" onclick=\"alert(1)").around(escaped("<b>")).text() ==
            "<a href=\"&quot; onclick=&quot;alert(1)\">&lt;b&gt;</a>");
    }

    TEST_CASE("elements nest and follow each other")
    {
        const auto items = Tag("li").around(escaped("1")) + Tag("li", "last").around(Html("<br>"));
        CHECK(Tag("ol").around(items).text() == "<ol><li>1</li><li class=\"last\"><br></li></ol>");
        CHECK(Html().empty());
    }
}
