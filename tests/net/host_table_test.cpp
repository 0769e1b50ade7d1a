#include "net/host_table.hpp"

#include "net/task_group.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <exception>

namespace asio = boost::asio;
using namespace spoa;
using namespace std::chrono_literals;

namespace {

// A table at work, and how often it told of a change.
struct Lab {
    asio::io_context context;
    net::HostTable table{context.get_executor()};
    net::TaskGroup tasks{
        context.get_executor(), [](std::exception_ptr e) { std::rethrow_exception(e); }};
    int changes = 0;
    std::string told;

    Lab()
    {
        table.on_change = [this](const std::string& host, const std::vector<std::string>& before) {
            CHECK(before.empty());
            told = host;
            ++changes;
            context.stop();
        };
        tasks.spawn(table.run());
    }
    ~Lab()
    {
        table.on_change = [](const std::string&, const std::vector<std::string>&) {};
        tasks.cancel();
        context.restart();
        context.run_for(30s);
        CHECK(tasks.size() == 0);
    }

    void run_until_change(std::chrono::milliseconds limit)
    {
        context.restart();
        context.run_for(limit);
    }
};

}  // namespace

TEST_SUITE("net/host_table")
{
    TEST_CASE("a name is looked up at first sight, and told of once it has an address")
    {
        Lab lab;
        const Endpoint name{"localhost", 6379};
        CHECK(lab.table.canonical(name) == name);
        lab.run_until_change(2s);
        CHECK(lab.changes == 1);
        const auto found = lab.table.canonical(name);
        CHECK((found.host == "127.0.0.1" || found.host == "::1"));
        CHECK(found.port == 6379);
        CHECK(lab.table.canonical({"LocalHost", 26379}) == Endpoint{found.host, 26379});

        lab.run_until_change(100ms);  // looked up again, nothing new
        CHECK(lab.changes == 1);
    }

    TEST_CASE("a name that is new while the table waits is looked up at once")
    {
        Lab lab;
        lab.run_until_change(20ms);
        lab.table.canonical({"localhost", 1});
        lab.run_until_change(2s);
        CHECK(lab.changes == 1);
    }

    TEST_CASE("an IP address is left as it is")
    {
        Lab lab;
        const Endpoint v4{"10.0.0.1", 6379};
        const Endpoint v6{"2001:db8::1", 6379};
        CHECK(lab.table.canonical(v4) == v4);
        CHECK(lab.table.canonical(v6) == v6);
        CHECK(lab.table.canonical(Endpoint()) == Endpoint());
        lab.run_until_change(100ms);
        CHECK(lab.changes == 0);
    }

    TEST_CASE("a name that nobody knows stays as it is, and holds up no other")
    {
        Lab lab;
        const Endpoint unknown{"nobody.invalid", 6379};
        CHECK(lab.table.canonical(unknown) == unknown);
        lab.table.canonical({"localhost", 1});
        while (lab.table.addresses("localhost").empty())
            lab.run_until_change(2s);
        CHECK(lab.table.canonical({"localhost", 1}).host != "localhost");
        CHECK(lab.table.canonical(unknown) == unknown);
        CHECK(lab.table.addresses("nobody.invalid").empty());
    }

    TEST_CASE("a name is worth waiting for until its first answer, whatever that is, or a second")
    {
        Lab lab;
        CHECK(lab.table.is_settled("10.0.0.1"));
        CHECK(lab.table.is_settled(""));
        CHECK_FALSE(lab.table.is_settled("localhost"));
        lab.run_until_change(2s);
        CHECK(lab.told == "localhost");
        CHECK(lab.table.is_settled("LOCALHOST"));

        CHECK_FALSE(lab.table.is_settled("nobody.invalid"));
        const auto begun = std::chrono::steady_clock::now();
        while (!lab.table.is_settled("nobody.invalid"))
            lab.run_until_change(10ms);
        CHECK(std::chrono::steady_clock::now() - begun < net::HostTable::first_wait + 500ms);
    }

    TEST_CASE(
        "of names that peers make up, some are looked up, and those of the configuration always")
    {
        Lab lab;
        lab.table.configure({"localhost", "10.0.0.1"});
        const auto made_up = [](std::size_t number) {
            return "name-" + std::to_string(number) + ".invalid";
        };
        for (std::size_t i = 0; i < net::HostTable::most_strangers; ++i)
            CHECK_FALSE(lab.table.is_settled(made_up(i)));
        // One too many has no address and is not waited for.
        const Endpoint last{made_up(net::HostTable::most_strangers), 1};
        CHECK(lab.table.is_settled(last.host));
        CHECK(lab.table.canonical(last) == last);
        CHECK_FALSE(lab.table.is_settled(made_up(0)));  // as before
        while (lab.table.addresses("localhost").empty())
            lab.run_until_change(2s);

        lab.table.configure({"localhost", last.host});
        CHECK_FALSE(lab.table.is_settled(last.host));
    }
}
