// What a worker counts while it answers. Each worker has its own, so that counting never makes
// two threads share a cache line; a scrape adds them up.
#pragma once

#include "agent/growing_table.hpp"
#include "verdict/state.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace spoa::agent {

// A counter that one thread writes and others read: a plain load and store on every CPU.
class Count {
public:
    void add(std::uint64_t by = 1) { value_.store(read() + by, std::memory_order_relaxed); }
    std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

enum class FrameKind : std::uint8_t { hello, healthcheck, notify, disconnect, unknown };
inline constexpr std::array<std::string_view, 5> frame_kind_names{
    "hello", "healthcheck", "notify", "disconnect", "unknown"};

enum class SpopError : std::uint8_t {
    frame_too_big,
    bad_frame,         // bytes that are no SPOP frame
    unexpected_frame,  // a frame that may not come at this point
    fragmented,
    bad_hello,
    hello_timeout,  // connected, and no HELLO in time
    frame_timeout,  // a frame that never became whole
    write_timeout,  // a peer that does not read
    overload,       // greeted while all seats were taken: told that there is no server
    io,             // an I/O error other than the peer's leaving
    internal,       // a defect of ours: the session ended, the agent goes on
};
inline constexpr std::array<std::string_view, 11> spop_error_names{
    "frame_too_big",
    "bad_frame",
    "unexpected_frame",
    "fragmented",
    "bad_hello",
    "hello_timeout",
    "frame_timeout",
    "write_timeout",
    "overload",
    "io",
    "internal"};

// How a question's wait for a clear verdict ended.
enum class WaitEnd : std::uint8_t {
    released,   // the verdict became clear
    timed_out,  // its time was over
    crowded,    // too many waited, and it was the oldest
    stopped,    // the agent stops
    left,       // HAProxy closed the connection it came by
};
inline constexpr std::array<std::string_view, 5> wait_end_names{
    "released", "timed_out", "crowded", "stopped", "left"};

// The questions about one name that waited.
struct Waits {
    Count begun;
    std::array<Count, wait_end_names.size()> ended;

    void count(WaitEnd end) { ended[static_cast<std::size_t>(end)].add(); }
    std::uint64_t open() const;  // those that wait now
};

struct Tally {
    static constexpr std::size_t states = verdict::all_states.size();
    // Upper bounds of the histogram of answering times, each four times the one before.
    static constexpr std::array<std::chrono::nanoseconds, 8> duration_bounds{
        std::chrono::nanoseconds(1'000),
        std::chrono::nanoseconds(4'000),
        std::chrono::nanoseconds(16'000),
        std::chrono::nanoseconds(64'000),
        std::chrono::nanoseconds(256'000),
        std::chrono::nanoseconds(1'024'000),
        std::chrono::nanoseconds(4'096'000),
        std::chrono::nanoseconds(16'384'000)};

    explicit Tally(std::size_t names) : verdicts(names), waits(names) {}

    GrowingTable<std::array<Count, states>> verdicts;  // by name and state
    GrowingTable<Waits> waits;                         // by name
    GrowingTable<Count> reads{0};  // answers to role=replica, by their counters in the snapshot
    Count unknown_names;           // questions about a name, or for a role, that we do not have
    std::array<Count, duration_bounds.size() + 1> durations;
    Count duration_sum_ns;
    std::array<Count, frame_kind_names.size()> frames;
    std::array<Count, spop_error_names.size()> errors;
    Count connections_opened;
    Count connections_closed;

    void count(FrameKind kind) { frames[static_cast<std::size_t>(kind)].add(); }
    void count(SpopError error) { errors[static_cast<std::size_t>(error)].add(); }

    // Makes room for this many names, before the worker hears of them. Not for the worker.
    void grow(std::size_t names, std::size_t read_counters = 0)
    {
        verdicts.grow(names);
        waits.grow(names);
        reads.grow(read_counters);
    }

    std::uint64_t connections() const;  // open now

    // `answers` were given `took` after their bytes were read. Those that waited are not among
    // them.
    void count_answers(std::uint64_t answers, std::chrono::nanoseconds took);
};

}  // namespace spoa::agent
