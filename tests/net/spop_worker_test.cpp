#include "net/spop_worker.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;

namespace {

std::shared_ptr<const agent::Snapshot> empty_snapshot()
{
    return agent::make_snapshot(
        std::make_shared<agent::NameIndex>(std::vector<std::string>{"orders"}));
}

}  // namespace

TEST_SUITE("net/spop_worker")
{
    TEST_CASE("a worker ends in good order while its peers are leaving")
    {
        for (int i = 0; i < 50; ++i) {
            agent::Seats seats(1);
            std::optional<net::SpopWorker> worker;
            worker.emplace(
                empty_snapshot(), 1h, net::SessionLimits(), seats, 1, [](const std::string&) {});
            std::array<int, 2> ends{};
            REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
            worker->serve(Descriptor(ends[1]));
            while (worker->tally().connections() == 0)
                std::this_thread::yield();
            close(ends[0]);
            worker.reset();
        }
    }
}
