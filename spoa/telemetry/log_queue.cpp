#include "telemetry/log_queue.hpp"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

namespace spoa::telemetry {
namespace {

// What a line takes beside its text, about.
constexpr std::size_t line_overhead = sizeof(std::string) + 16;

// False when nobody will ever read it. Waits as long as it takes, also where somebody who shares
// the file has made it non-blocking.
bool write_whole(int descriptor, std::string_view text)
{
    while (!text.empty()) {
        const auto size = ::write(descriptor, text.data(), text.size());
        if (size >= 0) {
            text.remove_prefix(static_cast<std::size_t>(size));
        } else if (errno == EAGAIN) {
            pollfd writable{descriptor, POLLOUT, 0};
            ::poll(&writable, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

}  // namespace

struct LogQueue::Shared {
    void write();
    void write_one(std::unique_lock<std::mutex>& lock);
    void drop_front();

    Descriptor descriptor;
    std::size_t most_bytes = 0;
    std::function<std::string(std::uint64_t)> words_for;

    std::mutex mutex;
    std::condition_variable filled;
    std::condition_variable emptied;
    std::deque<std::string> lines;
    std::size_t bytes = 0;
    std::uint64_t untold = 0;  // dropped since a line said so
    bool writing = false;
    bool ended = false;
    std::atomic<std::uint64_t> dropped = 0;
};

void LogQueue::Shared::drop_front()
{
    bytes -= lines.front().size() + line_overhead;
    lines.pop_front();
    ++untold;
    ++dropped;
}

// The line that says what is missing comes where it is missing: before all that is left.
void LogQueue::Shared::write_one(std::unique_lock<std::mutex>& lock)
{
    const auto missing = untold;
    std::string line;
    if (missing == 0) {
        line = std::move(lines.front());
        bytes -= line.size() + line_overhead;
        lines.pop_front();
    }
    writing = true;
    lock.unlock();
    if (missing > 0)
        line = words_for(missing);
    const bool written = write_whole(descriptor.get(), line);
    lock.lock();
    writing = false;
    if (written) {
        untold -= missing;
    } else if (missing == 0) {
        ++untold;
        ++dropped;
    } else if (!lines.empty()) {
        drop_front();  // or there would be no end to it
    }
}

void LogQueue::Shared::write()
{
    // Of a reader that is gone the write tells, and no signal, which would end the process.
    // Others are for threads that have time.
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);

    std::unique_lock lock(mutex);
    for (;;) {
        filled.wait(lock, [&] { return ended || !lines.empty(); });
        if (ended)
            return;
        write_one(lock);
        if (lines.empty())
            emptied.notify_all();
    }
}

LogQueue::LogQueue(
    Descriptor descriptor, std::size_t most_bytes,
    std::function<std::string(std::uint64_t dropped)> words_for)
    : shared_(std::make_shared<Shared>())
{
    shared_->descriptor = std::move(descriptor);
    shared_->most_bytes = most_bytes;
    shared_->words_for = std::move(words_for);
    std::thread([shared = shared_] { shared->write(); }).detach();
}

LogQueue::~LogQueue()
{
    const std::lock_guard lock(shared_->mutex);
    shared_->ended = true;
    shared_->filled.notify_all();
}

void LogQueue::push(std::string line)
{
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->bytes += line.size() + line_overhead;
        shared_->lines.push_back(std::move(line));
        if (shared_->bytes > shared_->most_bytes)
            while (shared_->lines.size() > 1 && shared_->bytes > shared_->most_bytes / 2)
                shared_->drop_front();
    }
    shared_->filled.notify_one();
}

bool LogQueue::flush(std::chrono::milliseconds limit)
{
    std::unique_lock lock(shared_->mutex);
    return shared_->emptied.wait_for(
        lock, limit, [&] { return shared_->lines.empty() && !shared_->writing; });
}

std::uint64_t LogQueue::dropped() const
{
    return shared_->dropped;
}

}  // namespace spoa::telemetry
