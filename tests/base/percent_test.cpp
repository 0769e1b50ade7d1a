#include "base/percent.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace spoa;

TEST_SUITE("base/percent")
{
    TEST_CASE("what is not plain is a percent sign and two digits")
    {
        CHECK(percent_encoded("mymaster-1._~") == "mymaster-1._~");
        CHECK(percent_encoded("demo/rd demo+1%") == "demo%2Frd%20demo%2B1%25");
        CHECK(percent_encoded("\xe2\x86\x92") == "%E2%86%92");
    }

    TEST_CASE("every text comes back")
    {
        std::string all;
        for (int i = 0; i < 256; ++i)
            all += static_cast<char>(i);
        CHECK(percent_decoded(percent_encoded(all)) == all);
        CHECK(percent_decoded("") == "");
    }

    TEST_CASE("what nobody had to encode stands for itself")
    {
        CHECK(percent_decoded("demo/rd-demo") == "demo/rd-demo");
        CHECK(percent_decoded("orders+shard1") == "orders+shard1");
        CHECK(percent_decoded("%2f%2F") == "//");
    }

    TEST_CASE("a percent sign without two digits is nothing")
    {
        for (const std::string text :
             {"%", "%2", "a%", "%g0", "%0g", "%-1", "%+1", "% 1", "%%20"}) {
            CAPTURE(text);
            CHECK_FALSE(percent_decoded(text).has_value());
        }
    }
}
