// A closed loop: every connection has a number of frames under way, and an answer makes room for
// the next question. One thread, one epoll.
#pragma once

#include "base/endpoint.hpp"
#include "histogram.hpp"
#include "process_usage.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace spoa::bench {

struct LoadSettings {
    SocketAddress target;
    std::size_t connections = 8;
    std::size_t in_flight = 1;  // frames, on each connection
    std::size_t idle = 0;       // further connections that greet and are silent then
    std::chrono::nanoseconds warm_up{0};
    std::chrono::nanoseconds duration{0};
    std::uint64_t count = 0;  // ends after so many answers; 0: no such end
    double rate = 0;          // questions a second, all together; 0: as fast as answers come
    // Never sleeps while it waits. Else the server pays for waking it, and the slower of two
    // servers more than the other, because it lets the generator sleep more often.
    bool spin = false;
    std::string name;  // the argument `master`; empty: none
    std::string role;  // the argument `role`; empty: none
    bool verify = false;
    std::string state;             // with verify: what an answer has to say; empty: anything
    std::string server;            // the same
    std::size_t raw_reply = 0;     // the target is no agent: no HELLO, replies of so many bytes
    std::optional<pid_t> process;  // whose CPU time and memory to measure
};

struct LoadResult {
    std::chrono::nanoseconds took{0};  // without the warm-up
    std::uint64_t answers = 0;         // in that time
    // From sending a question to its answer; with a rate from the moment it was due.
    Histogram latency;
    std::uint64_t lost = 0;    // questions without an answer, warm-up included
    std::uint64_t faults = 0;  // answers that are wrong
    std::string first_fault;
    std::size_t request_size = 0;  // bytes of one question, and of one answer
    std::size_t reply_size = 0;
    CpuTime cpu;  // of the process
    std::uint64_t resident_bytes = 0;
};

LoadResult run_load(const LoadSettings& settings);

}  // namespace spoa::bench
