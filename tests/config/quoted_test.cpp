#include "config/quoted.hpp"

#include <doctest/doctest.h>

using namespace spoa::config;

TEST_SUITE("config/quoted")
{
    TEST_CASE("a value is shown up to its first blank")
    {
        CHECK(in_quotes("500ms") == "'500ms'");
        CHECK(in_quotes("") == "''");
        CHECK(in_quotes("500ms password:hunter2") == "'500ms…'");
        CHECK(in_quotes("500ms\npassword:hunter2") == "'500ms…'");
    }

    TEST_CASE("a key is shown up to the first character that no key has")
    {
        CHECK(key_in_quotes("poll-interval") == "'poll-interval'");
        CHECK(key_in_quotes("password:hunter2") == "'password…'");
        CHECK(key_in_quotes("password=hunter2") == "'password…'");
    }

    TEST_CASE("a long text is cut, between two characters")
    {
        CHECK(in_quotes(std::string(96, 'a')) == "'" + std::string(96, 'a') + "'");
        CHECK(in_quotes(std::string(97, 'a')) == "'" + std::string(96, 'a') + "…'");
        CHECK(in_quotes(std::string(95, 'a') + "ää") == "'" + std::string(95, 'a') + "…'");
    }
}
