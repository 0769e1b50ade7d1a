#include "node/restart.hpp"

#include <doctest/doctest.h>

using namespace spoa;

namespace {

node::Info info(std::string run_id, std::uint64_t offset, std::uint64_t keys)
{
    node::Info info;
    info.run_id = std::move(run_id);
    info.offset = offset;
    info.keys = keys;
    return info;
}

}  // namespace

TEST_SUITE("node/restart")
{
    TEST_CASE("the same process is no restart, whatever it has")
    {
        node::RestartWatch watch;
        CHECK_FALSE(watch.take(info("a", 100, 10)));
        CHECK_FALSE(watch.take(info("a", 200, 0)));
        CHECK_FALSE(watch.take(info("a", 0, 0)));
    }

    TEST_CASE("another process with fewer keys and a lower offset has less")
    {
        node::RestartWatch watch;
        (void)watch.take(info("a", 100, 10));
        const auto restart = watch.take(info("b", 0, 0));
        REQUIRE(restart);
        CHECK(restart->has_less());
        CHECK(restart->before.offset == 100);
        CHECK(restart->before.keys == 10);
        CHECK(restart->after.run_id == "b");
        CHECK_FALSE(watch.take(info("b", 0, 0)));
    }

    TEST_CASE(
        "an offset that starts anew, with all keys there, is an append-only file that was loaded")
    {
        node::RestartWatch watch;
        (void)watch.take(info("a", 100, 10));
        CHECK_FALSE(watch.take(info("b", 0, 10)).value().has_less());
    }

    TEST_CASE("keys that expired while it was down are no loss")
    {
        node::RestartWatch watch;
        (void)watch.take(info("a", 100, 10));
        CHECK_FALSE(watch.take(info("b", 100, 7)).value().has_less());
    }

    TEST_CASE("a node that loads is judged when it has loaded")
    {
        node::RestartWatch watch;
        (void)watch.take(info("a", 100, 10));
        auto loading = info("b", 0, 3);
        loading.loading = true;
        CHECK_FALSE(watch.take(loading));
        CHECK_FALSE(watch.take(info("b", 0, 12)).value().has_less());
    }

    TEST_CASE("an answer without a run id tells nothing")
    {
        node::RestartWatch watch;
        (void)watch.take(info("a", 100, 10));
        CHECK_FALSE(watch.take(info("", 0, 0)));
        CHECK(watch.take(info("b", 0, 0)).value().has_less());
    }
}
