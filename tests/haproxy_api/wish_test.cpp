#include "haproxy_api/wish.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace spoa;
using namespace spoa::haproxy_api;
using verdict::State;

namespace {

const std::vector<verdict::Server> servers{
    {"R1", {"10.0.0.1", 6379}}, {"R2", {"10.0.0.2", 6379}}, {"R3", {"10.0.0.3", 6379}}};

verdict::Verdict verdict_of(State state, bool open, const std::string& host = "10.0.0.1")
{
    verdict::Verdict verdict;
    verdict.state = state;
    verdict.open = open;
    verdict.address = Endpoint{host, 6379};
    return verdict;
}

// The wishes for R1, R2 and R3 as letters.
std::string letters(
    const verdict::Verdict& verdict, const std::optional<Endpoint>& candidate = {},
    bool unasked = false, bool gone = false)
{
    std::string out;
    for (const auto& [server, wish] : wishes_of({verdict, candidate, unasked, gone}, servers))
        out += wish == Wish::ready   ? 'r'
               : wish == Wish::maint ? 'm'
               : wish == Wish::idle  ? 'i'
                                     : '-';
    return out;
}

}  // namespace

TEST_SUITE("haproxy_api/wish")
{
    TEST_CASE("each state, open and closed, with R1 in force")
    {
        struct {
            State state;
            std::string open;
            std::string closed;
        } const table[] = {
            {State::ok, "rii", "-ii"},
            {State::degraded, "rii", "-ii"},
            {State::silent, "rii", "-ii"},
            {State::isolated, "rii", "mii"},
            {State::odown, "rii", "mii"},
            {State::switching, "rii", "mii"},
            {State::not_master, "rii", "mii"},
            {State::unmapped, "rii", "-ii"},
            {State::no_quorum, "r--", "m--"},
            {State::conflict, "r--", "---"},
            {State::regress, "r--", "---"},
            {State::stale, "r--", "---"},
            {State::unknown_name, "r--", "---"},
        };
        CHECK(std::size(table) == verdict::all_states.size());
        for (const auto& row : table) {
            CAPTURE(name_of(row.state));
            CHECK(letters(verdict_of(row.state, true)) == row.open);
            CHECK(letters(verdict_of(row.state, false)) == row.closed);
        }
    }

    TEST_CASE("a node that hung up and is not known yet keeps the sessions that it may have")
    {
        const auto closed = [](State state) {
            return letters(verdict_of(state, false), {}, false, true);
        };
        CHECK(closed(State::no_quorum) == "---");
        CHECK(closed(State::silent) == "-ii");
        CHECK(closed(State::odown) == "mii");
        CHECK(closed(State::not_master) == "mii");
    }

    TEST_CASE("without an address nothing is wished")
    {
        verdict::Verdict starting;
        CHECK(letters(starting) == "---");
        starting.state = State::odown;
        CHECK(letters(starting) == "---");
    }

    TEST_CASE("a master that is no server leaves all without sessions")
    {
        CHECK(letters(verdict_of(State::unmapped, false, "10.0.0.9")) == "iii");
    }

    TEST_CASE("the candidate of a promotion is let in while it is under way, and only then")
    {
        const Endpoint second{"10.0.0.2", 6379};
        CHECK(letters(verdict_of(State::switching, false), second) == "mri");
        CHECK(letters(verdict_of(State::switching, true), second) == "rri");
        CHECK(letters(verdict_of(State::odown, false), second) == "mri");
        CHECK(letters(verdict_of(State::ok, true), second) == "rii");
        CHECK(letters(verdict_of(State::degraded, true), second) == "rii");
        CHECK(letters(verdict_of(State::no_quorum, true), second) == "r--");
        // The master itself is none, whatever an event claims.
        CHECK(letters(verdict_of(State::switching, false), Endpoint{"10.0.0.1", 6379}) == "mii");
    }

    TEST_CASE("a new master is let in until its node was asked")
    {
        CHECK(letters(verdict_of(State::not_master, false), {}, true) == "rii");
        CHECK(letters(verdict_of(State::odown, false), {}, true) == "mii");
    }
}
