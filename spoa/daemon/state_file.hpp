#pragma once

#include "telemetry/memory.hpp"

#include <boost/asio/thread_pool.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace spoa::daemon {

// The file in which the agent remembers the masters. Writing happens on a thread of its own: a
// slow disk never holds up a verdict.
class StateFile {
public:
    // `on_trouble` gets a sentence; it is called on the writing thread, too.
    StateFile(std::filesystem::path path, std::function<void(std::string)> on_trouble);
    ~StateFile();  // finishes what is being written

    bool is_at(const std::filesystem::path& path) const;

    // What was remembered; nothing when there is no file. One that is no memory of an agent is put
    // aside, as FILE.bad, and told of.
    std::optional<std::vector<monitor::SavedMaster>> read() const;

    // Replaces the file as a whole, and follows no link: beside it, fsync, rename, fsync of the
    // folder.
    void write(const std::vector<monitor::SavedMaster>& all);

private:
    std::filesystem::path path_;
    std::function<void(std::string)> on_trouble_;
    boost::asio::thread_pool writer_{1};
};

}  // namespace spoa::daemon
