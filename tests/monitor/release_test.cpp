#include "monitor/release.hpp"

#include "verdict/votes.hpp"

#include <doctest/doctest.h>

using namespace spoa;
using namespace std::chrono_literals;
using haproxy_api::Readiness;
using monitor::Release;
using spoa::test::at;

namespace {

struct Scene {
    Release release;
    Readiness readiness = Readiness::ready;
    int asked = 0;

    bool review(int when, const char* server, bool open = true)
    {
        verdict::Verdict verdict;
        verdict.server = server;
        verdict.open = open;
        const auto ready = [this](const std::string&) {
            ++asked;
            return readiness;
        };
        return release.review(verdict, ready, at(when));
    }
};

}  // namespace

TEST_SUITE("monitor/release")
{
    TEST_CASE("a server that HAProxy is ready for is released at once, and not asked about again")
    {
        Scene scene;
        CHECK_FALSE(scene.review(0, "R1"));
        CHECK_FALSE(scene.release.holds_back());
        scene.readiness = Readiness::not_yet;
        CHECK_FALSE(scene.review(10, "R1"));
        CHECK(scene.asked == 1);
    }

    TEST_CASE("one that HAProxy is not ready for is held back until it is")
    {
        Scene scene;
        scene.readiness = Readiness::not_yet;
        CHECK(scene.review(0, "R1"));
        CHECK(scene.release.holds_back());
        CHECK(scene.release.look_again() == at(1'000));
        CHECK_FALSE(scene.review(20, "R1"));
        scene.readiness = Readiness::ready;
        CHECK(scene.review(40, "R1"));
        CHECK_FALSE(scene.release.holds_back());
        CHECK_FALSE(scene.release.look_again().has_value());
    }

    TEST_CASE(
        "a second at most, whatever HAProxy says; a HAProxy that says nothing holds nothing back")
    {
        Scene scene;
        scene.readiness = Readiness::not_yet;
        scene.review(0, "R1");
        CHECK_FALSE(scene.review(999, "R1"));
        CHECK(scene.review(1'000, "R1"));
        CHECK_FALSE(scene.release.holds_back());
        scene.readiness = Readiness::unknown;
        CHECK_FALSE(scene.review(1'001, "R2"));
        CHECK_FALSE(scene.release.holds_back());
    }

    TEST_CASE("a closed gate and a verdict without a server end it, and the next opening is new")
    {
        Scene scene;
        scene.review(0, "R1");
        scene.readiness = Readiness::not_yet;
        CHECK_FALSE(scene.review(10, "R1", false));
        CHECK(scene.review(20, "R1"));
        CHECK(scene.review(30, "R1", false));
        CHECK(scene.review(40, "R1"));
        CHECK(scene.review(50, ""));
        CHECK_FALSE(scene.release.holds_back());
    }

    TEST_CASE("a server that leads elsewhere now is held back once more")
    {
        Scene scene;
        scene.review(0, "R1");
        scene.readiness = Readiness::not_yet;
        scene.release.retract();
        CHECK(scene.review(10, "R1"));
        CHECK(scene.release.holds_back());
    }
}
