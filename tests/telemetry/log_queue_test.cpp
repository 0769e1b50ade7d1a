#include "telemetry/log_queue.hpp"

#include "base/descriptor.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

using namespace spoa;
using namespace std::chrono_literals;
using telemetry::LogQueue;

namespace {

constexpr auto patience = 5s;
constexpr std::size_t most = 10'000;
constexpr std::string_view gap = "missing ";

std::string words_for(std::uint64_t lines)
{
    return std::string(gap) + std::to_string(lines) + "\n";
}

// A pipe that holds a page.
struct Pipe {
    Pipe()
    {
        std::array<int, 2> ends{};
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        out = Descriptor(ends[0]);
        in = Descriptor(ends[1]);
        REQUIRE(::fcntl(in.get(), F_SETPIPE_SZ, 4'096) >= 4'096);
    }

    Descriptor out;
    Descriptor in;
};

// Until nothing more goes into it.
void wait_until_full(const Pipe& pipe)
{
    const auto limit = std::chrono::steady_clock::now() + patience;
    for (int held = 0; held < 4'096; ::poll(nullptr, 0, 1)) {
        REQUIRE(::ioctl(pipe.out.get(), FIONREAD, &held) == 0);
        REQUIRE(std::chrono::steady_clock::now() < limit);
    }
}

// Reads until the line `last` is there.
std::vector<std::string> lines_until(int descriptor, const std::string& last)
{
    std::vector<std::string> lines(1);
    for (;;) {
        pollfd readable{descriptor, POLLIN, 0};
        REQUIRE(::poll(&readable, 1, 5'000) == 1);
        std::array<char, 1'000> chunk{};
        const auto size = ::read(descriptor, chunk.data(), chunk.size());
        REQUIRE(size > 0);
        for (ssize_t i = 0; i < size; ++i)
            if (chunk.at(static_cast<std::size_t>(i)) == '\n')
                lines.emplace_back();
            else
                lines.back() += chunk.at(static_cast<std::size_t>(i));
        if (lines.size() > 1 && lines[lines.size() - 2] == last)
            break;
    }
    lines.pop_back();
    return lines;
}

std::string numbered(int i)
{
    return "line " + std::to_string(i);
}

}  // namespace

TEST_SUITE("telemetry/log_queue")
{
    TEST_CASE("all lines come, in their order")
    {
        Pipe pipe;
        LogQueue queue(std::move(pipe.in), most, words_for);
        for (int i = 0; i < 20; ++i)
            queue.push(numbered(i) + "\n");
        CHECK(queue.flush(patience));
        const auto lines = lines_until(pipe.out.get(), numbered(19));
        REQUIRE(lines.size() == 20);
        for (int i = 0; i < 20; ++i)
            CHECK(lines[static_cast<std::size_t>(i)] == numbered(i));
        CHECK(queue.dropped() == 0);
    }

    TEST_CASE(
        "nobody waits for a reader that stalls, and what he misses is told once, in its place")
    {
        Pipe pipe;
        LogQueue queue(std::move(pipe.in), most, words_for);
        constexpr int last = 5'000;
        const std::string first(8'000, 'x');
        queue.push(first + "\n");
        wait_until_full(pipe);
        for (int i = 0; i <= last; ++i)
            queue.push(numbered(i) + "\n");
        CHECK_FALSE(queue.flush(1ms));
        const auto dropped = queue.dropped();
        CHECK(dropped > 3'000);

        const auto lines = lines_until(pipe.out.get(), numbered(last));
        REQUIRE(lines.size() + dropped == last + 3);
        CHECK((lines[0] == first));
        CHECK(lines[1] == std::string(gap) + std::to_string(dropped));
        for (std::size_t i = 2; i < lines.size(); ++i)
            CHECK(lines[i] == numbered(static_cast<int>(i + dropped) - 2));
        CHECK(queue.flush(patience));
        CHECK(queue.dropped() == dropped);
    }

    TEST_CASE("a reader that is gone ends nothing; another one hears what he missed")
    {
        std::string folder = (std::filesystem::temp_directory_path() / "spoa-XXXXXX").string();
        REQUIRE(::mkdtemp(folder.data()));
        const auto path = folder + "/fifo";
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        Descriptor reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK));
        Descriptor writer(::open(path.c_str(), O_WRONLY));
        LogQueue queue(std::move(writer), most, words_for);
        queue.push("heard\n");
        CHECK(queue.flush(patience));
        CHECK(lines_until(reader.get(), "heard").size() == 1);
        reader.close();
        for (int i = 0; i < 10; ++i)
            queue.push(numbered(i) + "\n");
        CHECK(queue.flush(patience));
        CHECK(queue.dropped() == 10);

        const Descriptor next(::open(path.c_str(), O_RDONLY | O_NONBLOCK));
        queue.push("heard again\n");
        const std::vector<std::string> expected{"missing 10", "heard again"};
        CHECK(lines_until(next.get(), "heard again") == expected);
        CHECK(queue.dropped() == 10);
        std::filesystem::remove_all(folder);
    }

    TEST_CASE("a file that somebody has made non-blocking gets all lines whole")
    {
        Pipe pipe;
        REQUIRE(::fcntl(pipe.in.get(), F_SETFL, O_NONBLOCK) == 0);
        LogQueue queue(std::move(pipe.in), 1'000'000, words_for);
        for (int i = 0; i < 2'000; ++i)
            queue.push(numbered(i) + "\n");
        CHECK(lines_until(pipe.out.get(), numbered(1'999)).size() == 2'000);
        CHECK(queue.dropped() == 0);
    }

    TEST_CASE("a queue ends at once while its reader stalls")
    {
        Pipe pipe;
        LogQueue queue(std::move(pipe.in), most, words_for);
        queue.push(std::string(8'000, 'x') + "\n");
        wait_until_full(pipe);
        CHECK_FALSE(queue.flush(1ms));
    }
}
