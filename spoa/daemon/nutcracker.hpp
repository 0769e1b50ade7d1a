#pragma once

#include "config/config.hpp"
#include "daemon/file_swap.hpp"
#include "twemproxy/edit.hpp"
#include "twemproxy/pools.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace spoa::daemon {

// What became of an attempt to let nutcracker follow.
struct NutcrackerOutcome {
    enum class Result {
        unchanged,    // the file was right, and nothing was begun
        updated,      // the file is right, and the process has it
        failed,       // nothing was changed, or what was changed could not be put back: see trouble
        rolled_back,  // the restart failed; the file and the process are the old ones
        dry_run       // the file would be changed
    };
    Result result = Result::unchanged;
    std::string trouble;               // one sentence
    std::string diff;                  // what was or would be changed
    std::vector<std::string> in_file;  // the address of each target, as it is now
    std::vector<bool> moved;           // the targets that were not where they should be
    std::optional<std::chrono::nanoseconds> restart;  // from the command to the last PONG
};

// One nutcracker: its file and its process. All of it blocks: for a thread of its own.
class Nutcracker {
public:
    using Say = std::function<void(LogLevel, std::string message, std::string detail)>;

    // `say` gets what there is to log on the way.
    Nutcracker(const config::Twemproxy& settings, Say say);

    // Sees to it that the file has these targets and that the process was restarted since.
    NutcrackerOutcome follow(const std::vector<twemproxy::Target>& targets);

    // From another thread: what is under way ends soon.
    void stop() { stop_ = true; }

private:
    // What is in the file, and what it should be.
    struct Plan {
        std::string text;
        twemproxy::Edited edited;
        std::vector<std::string> in_file;
        std::vector<bool> moved;
    };

    std::string make_plan(const std::vector<twemproxy::Target>& targets, Plan& plan);
    std::string test_candidate();
    std::vector<twemproxy::Pool> followed_pools(const std::string& text) const;
    std::string restart(const std::string& text, bool& ended);
    std::string replace(const std::vector<twemproxy::Target>& targets, Plan& plan, bool& replaced);
    void take_back(const Plan& plan, bool restart_needed, NutcrackerOutcome& outcome);

    config::Twemproxy settings_;
    Say say_;
    FileSwap file_;
    std::vector<twemproxy::Target> settled_;  // what the file had when it was last read
    std::vector<std::string> settled_in_file_;
    bool is_settled_ = false;
    bool restart_due_ = false;  // a swap was begun, and the process may not have the file
    std::atomic<bool> stop_ = false;
};

}  // namespace spoa::daemon
