#include "base/peer_text.hpp"

#include "base/endpoint.hpp"

#include <doctest/doctest.h>

using namespace spoa;

TEST_SUITE("base/peer_text")
{
    TEST_CASE("a peer's text is shown without secrets, clean and short, and compared as it came")
    {
        hide_secret("Hunter2-of-the-nodes");
        const PeerText text("ERR 'Hunter2-of-the-nodes'\x1b[31m " + std::string(200, 'x'));
        CHECK(text.shown(30) == "ERR '***'?[31m " + std::string(15, 'x') + "…");
        CHECK(text.starts_with("ERR 'Hunter2"));
        CHECK(text != PeerText("ERR '***'"));
    }

    TEST_CASE("a secret right before the cut is hidden before the text is cut")
    {
        hide_secret("Swordfish99");
        CHECK(shown(std::string(8, 'x') + "Swordfish99", 10) == "xxxxxxxx**…");
        CHECK(shown(std::string(4, 'x') + "Swordfish99", 10) == "xxxx***");
    }

    TEST_CASE("a name of ours is no secret, whoever says it")
    {
        hide_secret("redis-prod-2024");
        add_own_name("redis-prod-1");
        CHECK(shown_name("redis-prod-1") == "redis-prod-1");
        CHECK(shown_name("Redis-Prod-1") == "Redis-Prod-1");
        CHECK(shown_name("redis-prod-9") == "***9");
        CHECK(to_string(Endpoint{"redis-prod-1", 6379}) == "redis-prod-1:6379");
        CHECK(to_string(Endpoint{"redis-prod-9", 6379}) == "***9:6379");
        CHECK(exact_text(Endpoint{"redis-prod-9", 6379}) == "redis-prod-9:6379");
    }
}
