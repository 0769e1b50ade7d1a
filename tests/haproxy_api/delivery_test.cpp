#include "haproxy_api/delivery.hpp"

#include "haproxy_api/seen.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace spoa;
using namespace spoa::haproxy_api;
using namespace spoa::test;
using namespace std::chrono_literals;

namespace {

const TimePoint start{1h};
const Wishes first{{"R1", Wish::ready}, {"R2", Wish::idle}};
const Places places{{"R1", {{{"10.0.0.1", 6379}}, true}}, {"R2", {{{"10.0.0.2", 6379}}, true}}};

verdict::Verdict open_to(const std::string& server)
{
    verdict::Verdict verdict;
    verdict.state = verdict::State::ok;
    verdict.open = true;
    verdict.server = server;
    return verdict;
}

// A backend with R1 as master, as HAProxy shows it.
Fence seen_as(BackendSeen seen, const Wishes& wishes = first)
{
    Fence fence("b");
    fence.want(wishes, start);
    fence.expect(places, start);
    fence.begin(start);
    fence.take(seen, start);
    return fence;
}

Delivery of(const Fence& fence, const std::string& trouble = {}, TimePoint now = start)
{
    const Fence* const all[] = {&fence};
    return delivery_of(open_to("R1"), all, trouble, now);
}

// The only sentence of a list.
std::string only(const std::vector<std::string>& list)
{
    REQUIRE(list.size() == 1);
    return list.front();
}

bool says(const std::string& sentence, const std::string& words)
{
    CAPTURE(sentence);
    return sentence.find(words) != std::string::npos;
}

Readiness readiness(const Fence& fence, bool answers = true)
{
    const Fence* const all[] = {&fence};
    return readiness_of("R1", all, answers);
}

}  // namespace

TEST_SUITE("haproxy_api/delivery")
{
    TEST_CASE("servers that rest in ready deliver, and nothing is said")
    {
        const auto fence = seen_as(backend({in("R1", 9), in("R2")}));
        CHECK(of(fence).obstacles.empty());
        CHECK(of(fence).problems.empty());
        CHECK(readiness(fence) == Readiness::ready);
    }

    TEST_CASE("what stands in the way of the master is an obstacle; of another server, a problem")
    {
        auto no_address = in("R1");
        no_address.other = true;
        auto stopped = in("R1");
        stopped.stopped = true;
        const std::pair<ServerSeen, std::string> cases[] = {
            {out("R1"), "in maintenance, by an operator or by a saved state"},
            {no_address, "has no address"},
            {stopped, "is DOWN by HAProxy's own check"}};
        for (auto [server, words] : cases) {
            const auto master = of(seen_as(backend({server, in("R2")})));
            CHECK(says(only(master.obstacles), words));
            CHECK(master.problems.empty());
            server.name = "R2";
            const auto other = of(seen_as(backend({in("R1"), server})));
            CHECK(other.obstacles.empty());
            CHECK(says(only(other.problems), words));
        }
    }

    TEST_CASE("a server that HAProxy does not have")
    {
        CHECK(says(only(of(seen_as(backend({in("R2")}))).obstacles), "no backend has a server R1"));
        const auto other = of(seen_as(backend({in("R1")})));
        CHECK(other.obstacles.empty());
        CHECK(says(only(other.problems), "no backend has a server R2: a failover to it"));
    }

    TEST_CASE("a backend for each server: together they have them all")
    {
        const auto one = seen_as(backend({in("R1")}));
        const auto other = seen_as(backend({in("R2")}));
        const Fence* const both[] = {&one, &other};
        CHECK(delivery_of(open_to("R1"), both, {}, start).problems.empty());
        CHECK(readiness_of("R1", both, true) == Readiness::ready);
    }

    TEST_CASE("a backend that HAProxy does not have")
    {
        Fence fence("b");
        fence.want(first, start);
        fence.begin(start);
        fence.lack(start);
        CHECK(says(only(of(fence, "it has no backend 'b'").obstacles), "no backend has a server"));
        CHECK(readiness(fence) == Readiness::unknown);
    }

    TEST_CASE("a wrong address and a stranger are problems; the wrong one is to be named to nobody")
    {
        const auto fence = seen_as(
            backend({at(in("R1"), "10.0.0.2:6379"), at(in("R2"), "10.0.0.2:6379"), in("R9")}));
        const Fence* const all[] = {&fence};
        const auto wrong = misplaced_in(all);
        REQUIRE(wrong.size() == 1);
        CHECK(says(wrong.at("R1"), "server b/R1 connects to 10.0.0.2:6379, which is R2"));
        const auto problems = of(fence).problems;
        REQUIRE(problems.size() == 2);
        CHECK(problems[0] == wrong.at("R1"));
        CHECK(says(problems[1], "b/R9 is not in `servers:`"));
    }

    TEST_CASE("a wrong address is remembered while HAProxy does not answer")
    {
        auto fence = seen_as(backend({at(in("R1"), "10.0.0.2:6379"), in("R2")}));
        fence.lose(start, start);
        const Fence* const all[] = {&fence};
        CHECK(misplaced_in(all).contains("R1"));
    }

    TEST_CASE("a backend without any known server, and one of which nothing is wanted yet")
    {
        CHECK(says(problems_of(seen_as(backend({in("w1")}))).front(), "left as it is"));
        CHECK(problems_of(seen_as(backend({in("w1")}), {})).empty());
    }

    TEST_CASE("a lost runtime API at rest is a problem, and an obstacle while a fence is due")
    {
        auto fence = seen_as(backend({in("R1"), in("R2")}));
        fence.lose(start, start);
        CHECK(of(fence, "nobody listens there").obstacles.empty());
        CHECK(of(fence, "nobody listens there").problems.empty());
        CHECK(of(fence, "nobody listens there").trouble == "nobody listens there");
        CHECK(readiness(fence, false) == Readiness::ready);

        fence.want({{"R1", Wish::idle}, {"R2", Wish::ready}}, start);
        fence.begin(start);
        fence.lose(start, start);
        const Fence* const all[] = {&fence};
        const auto after = delivery_of(open_to("R2"), all, "nobody listens there", start);
        CHECK(says(only(after.obstacles), "sessions on R1 may go on"));
    }

    TEST_CASE("a lost runtime API while the agent itself keeps the master out is an obstacle")
    {
        auto fence = seen_as(backend({in("R1"), in("R2")}));
        fence.want({{"R1", Wish::maint}, {"R2", Wish::idle}}, start);
        fence.begin(start);
        fence.take(backend({out("R1"), in("R2")}, {"R1"}), start);
        fence.want(first, start);
        CHECK(readiness(fence) == Readiness::not_yet);
        CHECK(of(fence).obstacles.empty());  // it is about to be let in
        fence.begin(start);
        fence.lose(start, start);
        CHECK(readiness(fence, false) == Readiness::not_yet);
        CHECK(says(only(of(fence, "gone").obstacles), "still in maintenance by the agent"));
    }

    TEST_CASE("what HAProxy does not carry out within a second is told")
    {
        auto fence = seen_as(backend({in("R1"), in("R2")}));
        fence.want({{"R1", Wish::idle}, {"R2", Wish::ready}}, start);
        fence.begin(start);
        fence.take(backend({in("R1", 5), in("R2")}), start);
        const Fence* const all[] = {&fence};
        CHECK(delivery_of(open_to("R2"), all, {}, start + settle_limit).obstacles.empty());
        CHECK(says(
            only(delivery_of(open_to("R2"), all, {}, start + settle_limit + 1ms).obstacles),
            "sessions on R1"));
    }

    TEST_CASE("before the first look a connection had better wait, unless nobody answers")
    {
        Fence fence("b");
        fence.want(first, start);
        CHECK(readiness(fence, true) == Readiness::not_yet);
        CHECK(readiness(fence, false) == Readiness::unknown);
    }

    TEST_CASE("an operator's maintenance is not worth waiting for")
    {
        CHECK(readiness(seen_as(backend({out("R1"), in("R2")}))) == Readiness::unknown);
    }
}
