#pragma once

#include "net/task_group.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace spoa::daemon {

// What a new configuration has no place for: kept until its tasks, which were told to end and refer
// to it, have done so.
class Ending {
public:
    void add(std::shared_ptr<void> what, std::span<const net::TaskGroup::Task> tasks)
    {
        all_.push_back({std::move(what), {tasks.begin(), tasks.end()}});
        for (const auto& task : tasks)
            net::TaskGroup::cancel(task);
    }

    // Lets go of those that have ended.
    void sweep()
    {
        std::erase_if(all_, [](const One& one) {
            return std::ranges::all_of(one.tasks, &net::TaskGroup::Task::expired);
        });
    }

private:
    struct One {
        std::shared_ptr<void> what;
        std::vector<net::TaskGroup::Task> tasks;
    };
    std::vector<One> all_;
};

}  // namespace spoa::daemon
