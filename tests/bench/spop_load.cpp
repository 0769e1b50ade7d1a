// Questions to an agent as fast as it answers, or at a rate; prints what came of it.
#include "load.hpp"
#include "sockets.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <iostream>

using namespace spoa;

namespace {

constexpr double ns_per_second = 1e9;
constexpr double ns_per_us = 1e3;

std::chrono::nanoseconds from_seconds(double seconds)
{
    return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * ns_per_second));
}

nlohmann::ordered_json to_json(const bench::LoadResult& result)
{
    const auto seconds = static_cast<double>(result.took.count()) / ns_per_second;
    const auto answers = static_cast<double>(result.answers);
    const auto us_at = [&](double fraction) {
        return static_cast<double>(result.latency.quantile(fraction)) / ns_per_us;
    };
    return {
        {"seconds", seconds},
        {"answers", result.answers},
        {"rate", answers / seconds},
        {"p50_us", us_at(0.5)},
        {"p90_us", us_at(0.9)},
        {"p99_us", us_at(0.99)},
        {"p99_9_us", us_at(0.999)},
        {"max_us", static_cast<double>(result.latency.largest()) / ns_per_us},
        {"lost", result.lost},
        {"faults", result.faults},
        {"first_fault", result.first_fault},
        {"request_bytes", result.request_size},
        {"reply_bytes", result.reply_size},
        {"process_cpu_ns", static_cast<double>(result.cpu.all_ns) / answers},
        {"thread_cpu_ns", static_cast<double>(result.cpu.busiest_thread_ns) / answers},
        {"resident_bytes", result.resident_bytes},
    };
}

void print(const nlohmann::ordered_json& result)
{
    for (const auto& [name, value] : result.items())
        std::cout << name << std::string(16 - name.size(), ' ') << value << '\n';
}

}  // namespace

int main(int argc, char** argv)
{
    CLI::App options(
        "Asks an SPOP agent, each connection with a number of frames under way, and prints rate and "
        "latency. Ends with 1 when an answer was wrong or did not come.");
    bench::LoadSettings settings;
    std::string target;
    double seconds = 0;
    double warm_up = 0;
    bool json = false;
    options.add_option("target", target, "HOST:PORT or unix:/path")->required();
    options.add_option("--connections", settings.connections)->check(CLI::Range(1, 2'000));
    options.add_option("--in-flight", settings.in_flight, "frames under way on each connection")
        ->check(CLI::Range(1, 256));
    options.add_option("--idle", settings.idle, "further connections, greeted and silent");
    auto* const duration = options.add_option("--seconds", seconds, "how long (default: 5)");
    options.add_option("--count", settings.count, "end after so many answers");
    options.add_option("--warm-up", warm_up, "seconds before the measurement");
    options.add_option("--rate", settings.rate, "questions a second, all together");
    options.add_flag("--spin", settings.spin, "do not sleep while waiting for answers");
    options.add_option("--name", settings.name, "the argument `master` of each question");
    options.add_option("--role", settings.role, "the argument `role` of each question");
    options.add_flag("--verify", settings.verify, "take each answer apart");
    options.add_option("--state", settings.state, "with --verify: what it has to say");
    options.add_option("--server", settings.server, "with --verify: what it has to say");
    options.add_option(
        "--raw", settings.raw_reply, "no SPOP: no HELLO, and so many bytes are an answer");
    options.add_option("--process", settings.process, "whose CPU time and memory to tell");
    options.add_flag("--json", json, "one line of JSON");
    CLI11_PARSE(options, argc, argv);
    try {
        settings.target = bench::address_of(target);
        settings.warm_up = from_seconds(warm_up);
        if (duration->empty())
            seconds = settings.count > 0 ? 3'600 : 5;
        settings.duration = from_seconds(seconds);
        const auto result = bench::run_load(settings);
        if (json)
            std::cout << to_json(result).dump() << '\n';
        else
            print(to_json(result));
        return result.lost > 0 || result.faults > 0 ? 1 : 0;
    } catch (const std::exception& e) {
        std::cerr << "spop_load: " << e.what() << '\n';
        return 2;
    }
}
