#include "daemon/child.hpp"

#include "base/descriptor.hpp"
#include "base/peer_text.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

extern char** environ;

namespace spoa::daemon {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t most_output = 2'000;
constexpr auto stop_period = 100ms;  // how late `stop` is noticed at most

// Any other variable may be a password of the configuration.
bool may_be_seen(std::string_view variable)
{
    constexpr std::array<std::string_view, 10> names{
        "PATH=",
        "HOME=",
        "USER=",
        "LOGNAME=",
        "SHELL=",
        "LANG=",
        "LC_",
        "TZ=",
        "XDG_RUNTIME_DIR=",
        "DBUS_"};
    return std::ranges::any_of(
        names, [&](std::string_view name) { return variable.starts_with(name); });
}

std::vector<char*> environment()
{
    std::vector<char*> out;
    for (char** each = environ; *each != nullptr; ++each)
        if (may_be_seen(*each))
            out.push_back(*each);
    out.push_back(nullptr);
    return out;
}

// posix_spawn's own objects, set up for a child that inherits nothing but `output`.
class Spawn {
public:
    explicit Spawn(int output)
    {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
        // Asio's sockets are inherited otherwise, and a daemon that the child leaves behind would
        // keep our ports.
        posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);

        posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setpgroup(&attributes_, 0);
        posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    Spawn(const Spawn&) = delete;
    Spawn& operator=(const Spawn&) = delete;
    ~Spawn()
    {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }

    // The errno, or 0.
    int start(const std::vector<std::string>& command, pid_t& pid)
    {
        std::vector<char*> words;
        for (const auto& word : command)
            words.push_back(const_cast<char*>(word.c_str()));
        words.push_back(nullptr);
        return posix_spawnp(
            &pid, words.front(), &actions_, &attributes_, words.data(), environment().data());
    }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

// Takes what is there; false at the end. What is too much is read and forgotten.
bool drain(int pipe, std::string& output)
{
    std::array<char, 4'096> chunk{};
    for (;;) {
        const auto size = ::read(pipe, chunk.data(), chunk.size());
        if (size < 0)
            return errno == EAGAIN || errno == EINTR;
        if (size == 0)
            return false;
        const auto room = most_output - std::min(output.size(), most_output);
        output.append(chunk.data(), std::min(room, static_cast<std::size_t>(size)));
    }
}

// Its words as they may be shown.
std::string on_one_line(std::string text)
{
    constexpr std::size_t longest = 500;
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    std::ranges::replace(text, '\n', ' ');
    return shown(text, longest);
}

std::string trouble_of(const std::string& program, int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return {};
    if (WIFEXITED(status))
        return program + " failed with status " + std::to_string(WEXITSTATUS(status));
    return program + " was ended by signal " + std::to_string(WTERMSIG(status));
}

}  // namespace

ChildEnd run_child(
    const std::vector<std::string>& command, Clock::time_point limit, const std::atomic<bool>& stop)
{
    ChildEnd out;
    const auto& program = command.front();
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        out.trouble = program + " cannot be started: " + std::generic_category().message(errno);
        return out;
    }
    const Descriptor pipe(ends[0]);
    Descriptor theirs(ends[1]);
    ::fcntl(pipe.get(), F_SETFL, O_NONBLOCK);

    pid_t pid = 0;
    if (const int error = Spawn(theirs.get()).start(command, pid); error != 0) {
        out.trouble = program + " cannot be started: " + std::generic_category().message(error) +
                      (error == ENOENT ? "; install it, or write its whole path" : "");
        return out;
    }
    theirs.close();
    out.started = true;

    const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    bool open = true;
    int status = 0;
    for (;;) {
        std::array<pollfd, 2> watched{
            pollfd{process.get(), POLLIN, 0}, pollfd{open ? pipe.get() : -1, POLLIN, 0}};
        ::poll(watched.data(), watched.size(), static_cast<int>(stop_period.count()));
        if (open)
            open = drain(pipe.get(), out.output);
        if (::waitpid(pid, &status, WNOHANG) == pid)
            break;
        if (stop) {
            out.trouble = "the agent was stopped while " + program + " ran";
            return out;
        }
        if (Clock::now() >= limit) {
            ::kill(-pid, SIGKILL);
            ::waitpid(pid, &status, 0);
            out.trouble = program + " took too long and was killed";
            break;
        }
    }
    drain(pipe.get(), out.output);
    out.output = on_one_line(std::move(out.output));
    if (out.trouble.empty())
        out.trouble = trouble_of(program, status);
    out.good = out.trouble.empty();
    return out;
}

}  // namespace spoa::daemon
