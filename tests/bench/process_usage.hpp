#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>

namespace spoa::bench {

// What the operating system says that a process has used so far.
struct ProcessUsage {
    std::map<pid_t, std::uint64_t> thread_ns;  // CPU time of each of its threads
    std::uint64_t resident_bytes = 0;
};

ProcessUsage usage_of(pid_t pid);

// CPU time between two looks at one process.
struct CpuTime {
    std::uint64_t all_ns = 0;
    std::uint64_t busiest_thread_ns = 0;
};

CpuTime cpu_time_between(const ProcessUsage& before, const ProcessUsage& after);

}  // namespace spoa::bench
