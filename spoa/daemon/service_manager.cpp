#include "daemon/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace spoa::daemon {
namespace {

// The variable's text, which is gone from the environment then. Before the first thread starts.
std::string take_variable(const char* name)
{
    const char* const text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    std::string out(text == nullptr ? "" : text);
    ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe)
    return out;
}

std::optional<std::int64_t> number_in(const std::string& text)
{
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

// systemd compares it with its own clock, so it is this one and in these units.
std::string monotonic_microseconds()
{
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::to_string(std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000);
}

}  // namespace

ServiceManager::ServiceManager() : path_(take_variable("NOTIFY_SOCKET"))
{
    const auto microseconds = number_in(take_variable("WATCHDOG_USEC"));
    const auto pid = number_in(take_variable("WATCHDOG_PID"));
    if (microseconds && *microseconds > 0 && (!pid || *pid == ::getpid()))
        watchdog_ = std::chrono::microseconds(*microseconds);
}

void ServiceManager::ready() const
{
    tell("READY=1");
}

void ServiceManager::reloading() const
{
    tell("RELOADING=1\nMONOTONIC_USEC=" + monotonic_microseconds());
}

void ServiceManager::stopping() const
{
    tell("STOPPING=1\nSTATUS=Stopping");
}

void ServiceManager::main_process(int pid)
{
    tell("MAINPID=" + std::to_string(pid));
    path_.clear();
}

std::vector<std::string> ServiceManager::environment() const
{
    std::vector<std::string> out;
    if (!path_.empty())
        out.push_back("NOTIFY_SOCKET=" + path_);
    if (watchdog_)
        out.push_back("WATCHDOG_USEC=" + std::to_string(watchdog_->count()));
    return out;
}

void ServiceManager::status(std::string_view sentence) const
{
    tell("STATUS=" + std::string(sentence));
}

void ServiceManager::alive() const
{
    tell("WATCHDOG=1");
}

void ServiceManager::tell(const std::string& message) const
{
    sockaddr_un address{};
    if (path_.size() < 2 || path_.size() >= sizeof address.sun_path ||
        (path_[0] != '/' && path_[0] != '@'))
        return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    if (path_[0] == '@')
        address.sun_path[0] = '\0';  // Linux' abstract namespace
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
    // Never waits: a manager that does not read must not stop us.
    ::sendto(
        fd,
        message.data(),
        message.size(),
        MSG_NOSIGNAL | MSG_DONTWAIT,
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the system's own form
        reinterpret_cast<const sockaddr*>(&address),
        size);
    ::close(fd);
}

}  // namespace spoa::daemon
