// Clients of Redis that connect, send PING, read PONG and leave, again and again: what HAProxy and
// its agent cost a new connection.
#include "histogram.hpp"
#include "sockets.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <sys/socket.h>

#include <array>
#include <iostream>
#include <memory>
#include <string_view>
#include <vector>

using namespace spoa;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::string_view ping = "*1\r\n$4\r\nPING\r\n";
constexpr std::string_view pong = "+PONG\r\n";
constexpr double ns_per_second = 1e9;
constexpr double ns_per_us = 1e3;

struct Client {
    bench::Descriptor socket;
    Clock::time_point begun;
};

class Clients {
public:
    Clients(const SocketAddress& target, std::size_t count) : target_(target), clients_(count) {}

    // All clients, for so long; what is measured is what ended in that time.
    void run(std::chrono::nanoseconds duration)
    {
        latency_ = {};
        refused_ = 0;
        const auto begun = Clock::now();
        const auto end = begun + duration;
        for (std::size_t place = 0; place < clients_.size(); ++place)
            if (!clients_[place].socket.open())
                connect(place);
        for (auto now = begun; now < end; now = Clock::now())
            for (const auto& event : epoll_.wait(end - now))
                finish(event.data.u64);
        took_ = Clock::now() - begun;
    }

    nlohmann::ordered_json result() const
    {
        const auto seconds = static_cast<double>(took_.count()) / ns_per_second;
        const auto us_at = [this](double fraction) {
            return static_cast<double>(latency_.quantile(fraction)) / ns_per_us;
        };
        return {
            {"seconds", seconds},
            {"connects", latency_.total()},
            {"rate", static_cast<double>(latency_.total()) / seconds},
            {"p50_us", us_at(0.5)},
            {"p99_us", us_at(0.99)},
            {"max_us", static_cast<double>(latency_.largest()) / ns_per_us},
            {"refused", refused_},
        };
    }

private:
    // A closed connection keeps its pair of ports for a while. From a hundred addresses in turn the
    // kernel does not run out of them.
    std::uint32_t next_source()
    {
        constexpr std::uint32_t first = 0x7f000002;
        return first + sources_++ % 100;
    }

    void connect(std::size_t place)
    {
        auto& client = clients_[place];
        client.begun = Clock::now();
        client.socket = bench::connect_to(target_, next_source());
        epoll_.add(client.socket, place);
        (void)send(client.socket.number(), ping.data(), ping.size(), MSG_NOSIGNAL);
    }

    void finish(std::size_t place)
    {
        auto& client = clients_[place];
        std::array<char, 64> reply{};
        const auto size = recv(client.socket.number(), reply.data(), reply.size(), 0);
        const std::string_view said(reply.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
        client.socket.close();
        if (said == pong)
            latency_.record(static_cast<std::uint64_t>((Clock::now() - client.begun).count()));
        else
            ++refused_;
        connect(place);
    }

    SocketAddress target_;
    std::vector<Client> clients_;
    bench::Epoll epoll_;
    std::uint32_t sources_ = 0;
    bench::Histogram latency_;
    std::uint64_t refused_ = 0;
    std::chrono::nanoseconds took_{0};
};

}  // namespace

int main(int argc, char** argv)
{
    CLI::App options("Connects to Redis, sends PING, reads PONG, leaves; prints rate and latency");
    std::string target;
    std::size_t count = 1;
    double seconds = 2;
    double warm_up = 0;
    options.add_option("target", target, "HOST:PORT")->required();
    options.add_option("--clients", count, "at a time")->check(CLI::Range(1, 10'000));
    options.add_option("--seconds", seconds);
    options.add_option("--warm-up", warm_up, "seconds before the measurement");
    CLI11_PARSE(options, argc, argv);
    try {
        const auto from_seconds = [](double some) {
            return std::chrono::nanoseconds(static_cast<std::int64_t>(some * ns_per_second));
        };
        const auto clients = std::make_unique<Clients>(bench::address_of(target), count);
        clients->run(from_seconds(warm_up));
        clients->run(from_seconds(seconds));
        std::cout << clients->result().dump() << '\n';
    } catch (const std::exception& e) {
        std::cerr << "redis_connects: " << e.what() << '\n';
        return 2;
    }
}
