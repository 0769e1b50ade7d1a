#include "base/identifier.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

using namespace spoa;

TEST_SUITE("base/identifier")
{
    TEST_CASE("a name of letters, digits, dots, dashes and underscores stays as it is")
    {
        for (const std::string name : {"mymaster", "a-b_c.D9", "", "_read", "-x"})
            CHECK(identifier_of(name) == name);
    }

    TEST_CASE("all else is a colon and two digits a byte")
    {
        CHECK(identifier_of("demo/rd-demo") == "demo:2frd-demo");
        CHECK(identifier_of("orders+shard1+dc1") == "orders:2bshard1:2bdc1");
        CHECK(identifier_of("app:prod") == "app:3aprod");
        CHECK(identifier_of("my cache") == "my:20cache");
        CHECK(identifier_of("\xc3\xa4") == ":c3:a4");
        CHECK(identifier_of(std::string("\0", 1)) == ":00");
    }

    TEST_CASE("HAProxy takes it, and no two names become one")
    {
        constexpr std::string_view taken =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:";
        std::set<std::string> names{""};
        for (int i = 0; i < 256; ++i)
            names.insert(std::string(1, static_cast<char>(i)));
        // Whatever may look like another name that was written so.
        std::set<std::string> all = names;
        for (const std::string sign : {":", "2", "f", "/", "3", "a", "_", "%"})
            for (const auto& first : names)
                for (const std::string last : {"", "2", "f", ":", "/", "2f", "3a"})
                    all.insert(first + sign + last);
        std::set<std::string> written;
        for (const auto& name : all) {
            const auto identifier = identifier_of(name);
            CHECK(identifier.find_first_not_of(taken) == std::string::npos);
            written.insert(identifier);
        }
        CHECK(written.size() == all.size());
    }
}
