#include "config/suggest.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace spoa::config;

TEST_SUITE("config/suggest")
{
    TEST_CASE("the distance counts changed, added, dropped and swapped letters")
    {
        CHECK(edit_distance("", "") == 0);
        CHECK(edit_distance("", "abc") == 3);
        CHECK(edit_distance("abc", "") == 3);
        CHECK(edit_distance("listen", "listen") == 0);
        CHECK(edit_distance("listen", "LISTEN") == 0);
        CHECK(edit_distance("listen", "listan") == 1);
        CHECK(edit_distance("listen", "lsiten") == 1);
        CHECK(edit_distance("adresses", "addresses") == 1);
        CHECK(edit_distance("addressses", "addresses") == 1);
        CHECK(edit_distance("kitten", "sitting") == 3);
    }

    TEST_CASE("the nearest word is suggested, and none when all are far")
    {
        constexpr std::array<std::string_view, 4> keys{
            "listen", "threads", "poll_interval", "vote_ttl"};
        CHECK(nearest("lisen", keys) == "listen");
        CHECK(nearest("Thread", keys) == "threads");
        CHECK(nearest("pollInterval", keys) == "poll_interval");
        CHECK(nearest("poll-interval", keys) == "poll_interval");
        CHECK(nearest("votettl", keys) == "vote_ttl");
        CHECK(nearest("colour", keys) == std::nullopt);
        CHECK(nearest("", keys) == std::nullopt);
        CHECK(nearest(std::string(1'000'000, 'a'), keys) == std::nullopt);
    }

    TEST_CASE("of a word of two letters only the case may be wrong")
    {
        constexpr std::array<std::string_view, 2> options{"-f", "-V"};
        CHECK(nearest("-v", options) == "-V");
        CHECK(nearest("-x", options) == std::nullopt);
    }

    TEST_CASE("words are joined as in a sentence")
    {
        constexpr std::array<std::string_view, 3> words{"a", "b", "c"};
        CHECK(joined(words, "or") == "a, b or c");
        CHECK(joined(std::span(words).first(2), "and") == "a and b");
        CHECK(joined(std::span(words).first(1), "or") == "a");
        CHECK(joined({}, "or").empty());
    }
}
