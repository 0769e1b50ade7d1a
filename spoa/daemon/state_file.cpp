#include "daemon/state_file.hpp"

#include "base/descriptor.hpp"

#include <boost/asio/post.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <system_error>

namespace fs = std::filesystem;

namespace spoa::daemon {
namespace {

constexpr std::size_t largest = 8U << 20U;  // some 40,000 masters
constexpr int no_regular_file = -1;

std::string words_for(int error)
{
    switch (error) {
        case no_regular_file: return "it is no regular file";
        case ELOOP: return "it is a symbolic link";
        default: return std::generic_category().message(error);
    }
}

// The errno of the first step that failed, or 0. Waits for nobody: not for the writer of a FIFO.
int read_file(const fs::path& path, std::string& text)
{
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0)
        return errno;
    if (!S_ISREG(status.st_mode))
        return S_ISDIR(status.st_mode) ? EISDIR : no_regular_file;
    if (static_cast<std::uintmax_t>(status.st_size) > largest)
        return EFBIG;
    text.resize(static_cast<std::size_t>(status.st_size));
    std::size_t have = 0;
    while (have < text.size()) {
        const auto size = ::read(file.get(), text.data() + have, text.size() - have);
        if (size < 0)
            return errno;
        if (size == 0)
            break;
        have += static_cast<std::size_t>(size);
    }
    text.resize(have);
    return 0;
}

// So that the next write does not replace what somebody may want to look at. A folder stays: it is
// somebody's, and has more in it. Returns the end of a sentence.
std::string put_aside(const fs::path& path)
{
    constexpr std::string_view without = "the agent starts without it";
    std::error_code error;
    if (fs::is_directory(fs::symlink_status(path, error)))
        return std::string(without) + ", and can remember nothing";
    auto aside = path;
    aside += ".bad";
    fs::rename(path, aside, error);
    if (error)
        return std::string(without) + ", and cannot put it aside: " + error.message();
    return "it is " + aside.string() + " now, and " + std::string(without);
}

// The errno of the first step that failed, or 0.
int replace_file(const fs::path& path, const std::string& text)
{
    auto beside = path;
    beside += ".new";
    // Whatever is there: left behind by a crash, or planted to have us write elsewhere.
    std::remove(beside.c_str());
    const Descriptor file(
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file.get() < 0)
        return errno;
    for (std::size_t written = 0; written < text.size();) {
        const auto n = ::write(file.get(), text.data() + written, text.size() - written);
        if (n < 0)
            return errno;
        written += static_cast<std::size_t>(n);
    }
    if (::fsync(file.get()) != 0 || ::rename(beside.c_str(), path.c_str()) != 0)
        return errno;
    const Descriptor folder(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return folder.get() >= 0 && ::fsync(folder.get()) == 0 ? 0 : errno;
}

}  // namespace

StateFile::StateFile(fs::path path, std::function<void(std::string)> on_trouble)
    : path_(fs::absolute(path)), on_trouble_(std::move(on_trouble))
{}

StateFile::~StateFile()
{
    writer_.join();
}

bool StateFile::is_at(const fs::path& path) const
{
    return path_ == fs::absolute(path);
}

std::optional<std::vector<monitor::SavedMaster>> StateFile::read() const
{
    std::string text;
    std::string trouble;
    if (const int error = read_file(path_, text); error == ENOENT)
        return std::nullopt;
    else if (error != 0)
        trouble = "cannot be read: " + words_for(error);
    else if (auto all = telemetry::decode_memory(text))
        return all;
    else
        trouble = "is no memory of an agent";
    on_trouble_("state_file " + path_.string() + ' ' + trouble + "; " + put_aside(path_));
    return std::nullopt;
}

void StateFile::write(const std::vector<monitor::SavedMaster>& all)
{
    boost::asio::post(writer_, [this, text = telemetry::encode_memory(all)] {
        if (const int error = replace_file(path_, text); error != 0)
            on_trouble_(
                "state_file " + path_.string() +
                " cannot be written: " + std::generic_category().message(error));
    });
}

}  // namespace spoa::daemon
