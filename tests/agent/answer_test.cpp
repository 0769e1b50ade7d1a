#include "agent/answer.hpp"

#include "agent/spop_frames.hpp"
#include "agent/verdicts.hpp"
#include "spop/ack.hpp"
#include "spop/frame_header.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

using namespace spoa;
using spoa::agent::encode_answer;
using spoa::agent::encode_refusal;
using spoa::test::good_verdict;
using spoa::test::shut_verdict;
using spoa::test::Variables;
using spoa::test::variables_in;
using verdict::State;

TEST_SUITE("agent/answer")
{
    TEST_CASE("a good verdict gives server, ip, port and what is known, and takes the reason away")
    {
        CHECK(
            variables_in(encode_answer(good_verdict())) == Variables{
                                                               {"state", "string ok"},
                                                               {"server", "string R1"},
                                                               {"ip", "ipv4 10.0.0.1"},
                                                               {"port", "int32 6379"},
                                                               {"epoch", "int64 7"},
                                                               {"votes", "int32 3"},
                                                               {"sentinels", "int32 3"},
                                                               {"reason", "unset"}});
    }

    TEST_CASE("a verdict without a master takes everything away that says where to go")
    {
        CHECK(
            variables_in(encode_answer(shut_verdict(State::no_quorum, "nobody answers"))) ==
            Variables{
                {"state", "string no-quorum"},
                {"server", "unset"},
                {"ip", "unset"},
                {"port", "unset"},
                {"epoch", "int64 0"},
                {"votes", "int32 0"},
                {"sentinels", "int32 3"},
                {"reason", "string nobody answers"}});
    }

    TEST_CASE("the gate decides: a known master behind a closed one is not told")
    {
        auto verdict = good_verdict();
        verdict.open = false;
        verdict.state = State::degraded;
        verdict.reason = "which no entry of servers: maps";
        auto variables = variables_in(encode_answer(verdict));
        CHECK(variables["server"] == "unset");
        CHECK(variables["ip"] == "unset");
        CHECK(variables["port"] == "unset");
        CHECK(variables["reason"] == "string which no entry of servers: maps");
    }

    TEST_CASE("an open gate without an address leads nowhere")
    {
        auto verdict = good_verdict();
        verdict.address.reset();
        verdict.reason = "no address";
        auto variables = variables_in(encode_answer(verdict));
        CHECK(variables["server"] == "unset");
        CHECK(variables["ip"] == "unset");
        CHECK(variables["port"] == "unset");
        CHECK(variables["reason"] == "string no address");
    }

    TEST_CASE("every state is told by its name")
    {
        for (const auto state : verdict::all_states) {
            const auto name = std::string(verdict::name_of(state));
            CAPTURE(name);
            CHECK(
                variables_in(encode_answer(shut_verdict(state, "x")))["state"] == "string " + name);
        }
    }

    TEST_CASE("addresses are typed, IPv6 too")
    {
        auto variables = variables_in(encode_answer(good_verdict("R1", {"2001:db8::1", 65535})));
        CHECK(variables["ip"] == "ipv6 20010db8000000000000000000000001");
        CHECK(variables["port"] == "int32 65535");
    }

    TEST_CASE("a master known by name alone has a server and neither ip nor port")
    {
        auto variables = variables_in(encode_answer(good_verdict("R1", {"redis-1", 6379})));
        CHECK(variables["server"] == "string R1");
        CHECK(variables["ip"] == "unset");
        CHECK(variables["port"] == "unset");
        CHECK(variables["reason"] == "unset");
    }

    TEST_CASE("a master without a server's name has ip and port alone")
    {
        auto variables = variables_in(encode_answer(good_verdict("")));
        CHECK(variables["server"] == "unset");
        CHECK(variables["ip"] == "ipv4 10.0.0.1");
        CHECK(variables["port"] == "int32 6379");
    }

    TEST_CASE("an answer that leads nowhere says why, also for a host name without a server")
    {
        auto variables = variables_in(encode_answer(good_verdict("", {"redis-1", 6379})));
        CHECK(variables["server"] == "unset");
        CHECK(variables["ip"] == "unset");
        CHECK(variables["reason"] != "unset");
        CHECK(variables["reason"] != "string ");
    }

    TEST_CASE("every answer sets or unsets the same variables, so that none is left from before")
    {
        const std::vector<std::string> names{
            "epoch", "ip", "port", "reason", "sentinels", "server", "state", "votes"};
        for (const auto& verdict :
             {good_verdict(),
              good_verdict("", {"redis-1", 6379}),
              shut_verdict(State::conflict, ""),
              verdict::Verdict()}) {
            std::vector<std::string> told;
            for (const auto& [name, value] : variables_in(encode_answer(verdict)))
                told.push_back(name);
            CHECK(told == names);
        }
    }

    TEST_CASE("a refusal is the state unknown-name and a reason, and leads nowhere")
    {
        CHECK(
            variables_in(encode_refusal("not configured")) ==
            Variables{
                {"state", "string unknown-name"},
                {"server", "unset"},
                {"ip", "unset"},
                {"port", "unset"},
                {"reason", "string not configured"}});
    }

    TEST_CASE("a long reason is cut")
    {
        const auto verdict = shut_verdict(State::conflict, std::string(1000, 'x'));
        CHECK(variables_in(encode_answer(verdict))["reason"].size() < 200);
    }

    TEST_CASE("the largest answer fits the smallest legal frame")
    {
        constexpr auto most = std::numeric_limits<std::uint64_t>::max();
        constexpr auto most_epoch =
            static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        const Endpoint longest{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535};
        for (const auto state : verdict::all_states)
            for (const bool open : {true, false})
                for (const auto epoch : {most, most_epoch}) {
                    CAPTURE(std::string(verdict::name_of(state)));
                    CAPTURE(open);
                    CAPTURE(epoch);
                    auto verdict = good_verdict(std::string(64, 's'), longest);
                    verdict.state = state;
                    verdict.open = open;
                    verdict.epoch = epoch;
                    verdict.votes = verdict.sentinels = 1'000'000;
                    verdict.reason = std::string(10'000, 'r');
                    const auto actions = encode_answer(verdict);
                    CHECK(spop::largest_ack_size(actions.size()) <= spop::smallest_max_frame_size);
                }
        const auto refusal = encode_refusal(std::string(10'000, 'r'));
        CHECK(spop::largest_ack_size(refusal.size()) <= spop::smallest_max_frame_size);
    }
}
