#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

namespace spoa::daemon {

// What became of a program that was run.
struct ChildEnd {
    bool good = false;
    bool started = false;  // it was executed, so something may have changed
    std::string trouble;   // one sentence when it is not good
    std::string output;    // of stdout and stderr, the first part, on one line, as it may be shown
};

// Runs a program with its arguments, without a shell, until it ends or `limit` is over; then it is
// killed with all that it has started in its process group. It sees none of our descriptors, and of
// our environment what names no secret: PATH, HOME, the locale and the like. `stop` ends the
// waiting, not the program. Blocks: for a thread of its own.
ChildEnd run_child(
    const std::vector<std::string>& command, std::chrono::steady_clock::time_point limit,
    const std::atomic<bool>& stop);

}  // namespace spoa::daemon
