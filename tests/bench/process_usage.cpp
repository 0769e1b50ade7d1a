#include "process_usage.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace spoa::bench {

ProcessUsage usage_of(pid_t pid)
{
    const std::filesystem::path folder = "/proc/" + std::to_string(pid);
    ProcessUsage usage;
    for (const auto& task : std::filesystem::directory_iterator(folder / "task")) {
        // proc(5) has only clock ticks; this is in ns (Linux,
        // Documentation/scheduler/sched-stats.rst).
        std::ifstream file(task.path() / "schedstat");
        std::uint64_t on_cpu = 0;
        if (!(file >> on_cpu))
            throw std::runtime_error("no " + (task.path() / "schedstat").string());
        usage.thread_ns[std::stoi(task.path().filename())] = on_cpu;
    }
    std::ifstream file(folder / "statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    file >> size >> resident;
    usage.resident_bytes = resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    return usage;
}

CpuTime cpu_time_between(const ProcessUsage& before, const ProcessUsage& after)
{
    CpuTime time;
    for (const auto& [thread, now] : after.thread_ns) {
        const auto then = before.thread_ns.find(thread);
        const auto used = now - (then == before.thread_ns.end() ? 0 : then->second);
        time.all_ns += used;
        time.busiest_thread_ns = std::max(time.busiest_thread_ns, used);
    }
    return time;
}

}  // namespace spoa::bench
