#pragma once

#include "base/descriptor.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace spoa::telemetry {

// Lines on their way to a descriptor whose reader may be slow, stalled or gone. A thread writes
// them, in their order and each in one write where it fits; whoever has a line never waits. When
// too much is held, the older half is dropped, and one line says how many, as soon as it can.
//
// Behind spdlog, in place of its asynchronous logger: the end of that waits for the reader, and
// nothing of it tells when the lines are out. Nor O_NONBLOCK, which whoever shares the file would
// have as well.
class LogQueue {
public:
    // `words_for` makes the line about so many dropped ones; called on the writing thread.
    LogQueue(
        Descriptor descriptor, std::size_t most_bytes,
        std::function<std::string(std::uint64_t dropped)> words_for);
    // Writes nothing more than the line in hand, and waits for nothing.
    ~LogQueue();
    LogQueue(const LogQueue&) = delete;
    LogQueue& operator=(const LogQueue&) = delete;

    // From any thread. `line` ends with its newline.
    void push(std::string line);

    // Waits until all is written, `limit` at most; false when it is not.
    bool flush(std::chrono::milliseconds limit);

    // All lines that no reader will ever get.
    std::uint64_t dropped() const;

private:
    struct Shared;

    // With the thread, which may be stuck in a write for longer than we live.
    std::shared_ptr<Shared> shared_;
};

}  // namespace spoa::telemetry
