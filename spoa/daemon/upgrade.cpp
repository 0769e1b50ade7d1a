#include "daemon/upgrade.hpp"

#include "base/result.hpp"
#include "net/hand_over.hpp"

#include <boost/asio/buffer.hpp>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace asio = boost::asio;

namespace spoa::daemon {
namespace {

// Sockets as `ADDRESS=DESCRIPTOR`, one a line; the pipe is the line without an address. A program
// that does not know a line closes its descriptor before it says that it serves.
constexpr const char* variable = "SENTINEL_SPOA_SOCKETS";
// The line of the channel for HAProxy's connections; what goes over it has this version.
constexpr std::string_view channel_line = "connections/1";
// The line of a file in memory, with what the old process knows of its names.
constexpr std::string_view memory_line = "memory/1";
constexpr std::size_t largest_memory = 16 << 20;
// Longer than the new process waits for its Sentinels.
constexpr std::chrono::seconds serve_limit{15};

class Descriptors {
public:
    Descriptors() = default;
    Descriptors(const Descriptors&) = delete;
    Descriptors& operator=(const Descriptors&) = delete;
    ~Descriptors()
    {
        for (const int fd : all_)
            ::close(fd);
    }
    // A copy at `lowest` or above, which no new program inherits.
    int copy(int fd, int lowest)
    {
        const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, lowest);
        if (copy < 0)
            throw std::system_error(errno, std::generic_category(), "no descriptor is left");
        all_.push_back(copy);
        return copy;
    }
    void add(int fd) { all_.push_back(fd); }

private:
    std::vector<int> all_;
};

// A file in memory with this text.
int write_memory(const std::string& text)
{
    const int file = ::memfd_create("sentinel-spoa", MFD_CLOEXEC);
    if (file < 0)
        throw std::system_error(errno, std::generic_category(), "no file in memory");
    for (std::size_t written = 0; written < text.size();) {
        const auto size = ::write(file, text.data() + written, text.size() - written);
        if (size <= 0)
            break;  // the new process begins without, as a text that is cut is none
        written += static_cast<std::size_t>(size);
    }
    return file;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts)
{
    std::vector<char*> out;
    for (auto& text : texts)
        out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

}  // namespace

Predecessor::Predecessor()
{
    const char* const given = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): no threads
    if (!given)
        return;
    const std::string text = given;
    ::unsetenv(variable);  // NOLINT(concurrency-mt-unsafe): likewise
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        const auto line = std::string_view(text).substr(at, end - at);
        at = end + 1;
        const auto equals = line.rfind('=');
        if (equals == std::string_view::npos)
            continue;
        int fd = -1;
        std::from_chars(line.data() + equals + 1, line.data() + line.size(), fd);
        if (fd < 3 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
            continue;
        if (equals == 0)
            pipe_ = fd;
        else if (line.substr(0, equals) == channel_line)
            channel_ = Descriptor(fd);
        else if (line.substr(0, equals) == memory_line)
            memory_ = Descriptor(fd);
        else
            sockets_.emplace(line.substr(0, equals), fd);
    }
}

std::optional<int> Predecessor::take(const SocketAddress& address)
{
    const auto found = sockets_.find(to_string(address));
    if (found == sockets_.end())
        return std::nullopt;
    const int fd = found->second;
    sockets_.erase(found);
    return fd;
}

std::string Predecessor::take_memory()
{
    const auto file = std::move(memory_);
    std::string text;
    std::array<char, 65'536> part{};
    while (file.get() >= 0 && text.size() < largest_memory) {
        const auto size =
            ::pread(file.get(), part.data(), part.size(), static_cast<off_t>(text.size()));
        if (size <= 0)
            break;
        text.append(part.data(), static_cast<std::size_t>(size));
    }
    return text;
}

void Predecessor::relieve()
{
    for (const auto& [address, fd] : sockets_)
        ::close(fd);
    sockets_.clear();
    channel_.close();
    if (pipe_ < 0)
        return;
    ::signal(SIGPIPE, SIG_IGN);
    (void)!::write(pipe_, "!", 1);  // when it has gone meanwhile, all the better
    ::close(pipe_);
    pipe_ = -1;
}

void Successor::start(
    const std::vector<std::string>& command,
    const std::vector<std::pair<SocketAddress, int>>& sockets, const std::string& memory,
    std::vector<std::string> variables, std::function<void(bool)> then)
{
    // In the new process the sockets are numbered from 3, then the memory, the channel and the
    // pipe; nothing else is inherited: a copy of HAProxy's connections would keep them open for
    // ever.
    constexpr int first = 3;
    const int last = first + static_cast<int>(sockets.size()) + 2;
    Descriptors descriptors;
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        throw std::system_error(errno, std::generic_category(), "no pipe");
    descriptors.add(ends[1]);
    pipe_.assign(ends[0]);
    auto channel = net::make_hand_over_channel();
    channel_ = Descriptor(channel.giving);
    descriptors.add(channel.taking);

    const int file = write_memory(memory);
    descriptors.add(file);

    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    std::string handed_over = std::string(variable) + "=";
    int number = first;
    for (const auto& [address, fd] : sockets) {
        ::posix_spawn_file_actions_adddup2(&actions, descriptors.copy(fd, last + 1), number);
        handed_over += to_string(address) + "=" + std::to_string(number++) + "\n";
    }
    ::posix_spawn_file_actions_adddup2(&actions, descriptors.copy(file, last + 1), number);
    handed_over += std::string(memory_line) + "=" + std::to_string(number++) + "\n";
    ::posix_spawn_file_actions_adddup2(
        &actions, descriptors.copy(channel.taking, last + 1), number);
    handed_over += std::string(channel_line) + "=" + std::to_string(number) + "\n";
    ::posix_spawn_file_actions_adddup2(&actions, descriptors.copy(ends[1], last + 1), last);
    handed_over += "=" + std::to_string(last) + "\n";
    ::posix_spawn_file_actions_addclosefrom_np(&actions, last + 1);

    auto environment = std::move(variables);
    for (char** each = environ; *each; ++each)
        environment.emplace_back(*each);
    environment.push_back(std::move(handed_over));
    auto words = command;
    const int error = ::posix_spawn(
        &child_,
        words.front().c_str(),
        &actions,
        nullptr,
        pointers_to(words).data(),
        pointers_to(environment).data());
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        child_ = 0;
        pipe_.close();
        channel_.close();
        throw std::runtime_error(
            "cannot start " + command.front() + ": " + std::generic_category().message(error));
    }
    wait(std::move(then));
}

void Successor::wait(std::function<void(bool)> then)
{
    limit_.expires_after(serve_limit);
    limit_.async_wait([this](const error_code& cancelled) {
        error_code closed_already;
        if (!cancelled)
            pipe_.cancel(closed_already);
    });
    pipe_.async_read_some(
        asio::buffer(sign_),
        [this, then = std::move(then)](const error_code& error, std::size_t size) {
            limit_.cancel();
            error_code ignored;
            pipe_.close(ignored);
            const bool serves = !error && size == 1;
            if (!serves) {
                ::kill(child_, SIGKILL);
                ::waitpid(child_, nullptr, 0);
                child_ = 0;
                channel_.close();
            }
            then(serves);
        });
}

}  // namespace spoa::daemon
