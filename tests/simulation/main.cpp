// Random histories of Sentinels against the rule of spoa/verdict; docs/simulation.md.
#include "simulation/schedule.hpp"

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

using namespace spoa::simulation;

namespace {

struct Arguments {
    Request request;
    std::uint64_t schedules = 10'000;
    std::optional<std::uint64_t> only;
    bool verbose = false;
    unsigned threads = std::max(1U, std::thread::hardware_concurrency());
};

struct Found {
    std::uint64_t number = 0;
    Violation violation;
};

[[noreturn]] void explain_and_exit()
{
    std::fputs(
        "usage: simulation [--schedules N] [--seed S] [--sentinels 3|5] [--threads T]\n"
        "                  [--only K [--verbose]]\n",
        stderr);
    std::exit(2);
}

std::uint64_t number_of(const char* text)
{
    std::uint64_t number = 0;
    const auto* const end = text + std::strlen(text);
    const auto [parsed, error] = std::from_chars(text, end, number);
    if (error != std::errc() || parsed != end)
        explain_and_exit();
    return number;
}

Arguments parse(int argc, char** argv)
{
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--verbose") {
            arguments.verbose = true;
            continue;
        }
        if (++i == argc)
            explain_and_exit();
        const auto number = number_of(argv[i]);
        if (word == "--schedules")
            arguments.schedules = number;
        else if (word == "--seed")
            arguments.request.seed = number;
        else if (word == "--sentinels" && (number == 3 || number == 5))
            arguments.request.sentinels = static_cast<int>(number);
        else if (word == "--threads" && number > 0)
            arguments.threads = static_cast<unsigned>(number);
        else if (word == "--only")
            arguments.only = number;
        else
            explain_and_exit();
    }
    return arguments;
}

// One schedule; what it violated, if anything.
std::optional<Violation> run_one(
    const Request& request, std::uint64_t number, Timeline& timeline, Replies& replies,
    Journal& journal, Figures& figures)
{
    try {
        Schedule schedule(request, number, timeline, replies, journal);
        schedule.run(figures);
    } catch (const Violation& violation) {
        return violation;
    }
    return std::nullopt;
}

// Runs schedule `number` again and keeps its history.
void replay(const Request& request, std::uint64_t number, bool whole)
{
    Timeline timeline;
    Replies replies;
    Journal journal;
    journal.on = true;
    Figures figures;
    const auto violation = run_one(request, number, timeline, replies, journal, figures);
    constexpr std::size_t last_lines = 60;
    const auto& lines = journal.lines();
    const auto skipped = whole || lines.size() <= last_lines ? 0 : lines.size() - last_lines;
    if (skipped > 0)
        std::printf(
            "(%zu earlier lines: --only %llu --verbose)\n",
            skipped,
            static_cast<unsigned long long>(number));
    for (auto i = skipped; i < lines.size(); ++i)
        std::puts(lines[i].c_str());
    if (violation)
        std::printf(
            "%10.3f ms  VIOLATED: %s: %s\n",
            static_cast<double>(timeline.now()) / 1000.0,
            violation->invariant.c_str(),
            violation->text.c_str());
}

}  // namespace

int main(int argc, char** argv)
{
    const auto arguments = parse(argc, argv);
    const auto& request = arguments.request;
    const auto began = std::chrono::steady_clock::now();

    std::atomic<std::uint64_t> next = arguments.only.value_or(0);
    const auto end = arguments.only ? *arguments.only + 1 : arguments.schedules;
    std::mutex mutex;
    std::optional<Found> found;  // the first by number
    std::atomic<std::uint64_t> stop_at = end;
    Figures total;
    const auto work = [&] {
        Timeline timeline;
        Replies replies;
        Journal journal;
        Figures figures;
        for (auto number = next++; number < stop_at; number = next++)
            if (auto violation = run_one(request, number, timeline, replies, journal, figures)) {
                const std::lock_guard lock(mutex);
                if (!found || number < found->number)
                    found = Found{number, *violation};
                stop_at = std::min<std::uint64_t>(stop_at, number);
            }
        const std::lock_guard lock(mutex);
        total.virtual_ms += figures.virtual_ms;
        total.happenings += figures.happenings;
        total.switches += figures.switches;
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < arguments.threads; ++i)
        threads.emplace_back(work);
    for (auto& thread : threads)
        thread.join();

    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    if (found) {
        std::printf(
            "violated: %s\n  %s\n  replay: --seed %llu --sentinels %d --only %llu --verbose\n\n",
            found->violation.invariant.c_str(),
            found->violation.text.c_str(),
            static_cast<unsigned long long>(request.seed),
            request.sentinels,
            static_cast<unsigned long long>(found->number));
        replay(request, found->number, arguments.verbose);
        return 1;
    }
    if (arguments.only && arguments.verbose)
        replay(request, *arguments.only, true);
    const auto count = arguments.only ? 1 : arguments.schedules;
    std::printf(
        "%llu schedules of %d Sentinels, seed %llu: every invariant held\n"
        "%.1f s, %.0f schedules/s; %.1f s of virtual time and %.0f steps a schedule, %llu changes of verdict\n",
        static_cast<unsigned long long>(count),
        request.sentinels,
        static_cast<unsigned long long>(request.seed),
        took.count(),
        static_cast<double>(count) / took.count(),
        static_cast<double>(total.virtual_ms) / 1000.0 / static_cast<double>(count),
        static_cast<double>(total.happenings) / static_cast<double>(count),
        static_cast<unsigned long long>(total.switches));
    return 0;
}
