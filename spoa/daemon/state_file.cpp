#include "daemon/state_file.hpp"

#include "base/descriptor.hpp"

#include <boost/asio/post.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace fs = std::filesystem;

namespace spoa::daemon {
namespace {

// The errno of the first step that failed, or 0.
int replace_file(const fs::path& path, const std::string& text)
{
    auto beside = path;
    beside += ".new";
    const Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
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

std::optional<std::vector<telemetry::Remembered>> StateFile::read() const
{
    if (!fs::exists(path_))
        return std::nullopt;
    std::ifstream file(path_, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    auto all = file.bad() ? std::nullopt : telemetry::decode_memory(text);
    if (!all)
        throw std::runtime_error(
            "state_file " + path_.string() +
            " cannot be read or is no state of this agent; move it away to start without it");
    return all;
}

void StateFile::write(const std::vector<telemetry::Remembered>& all)
{
    boost::asio::post(writer_, [this, text = telemetry::encode_memory(all)] {
        if (const int error = replace_file(path_, text); error != 0)
            on_trouble_(
                "state_file " + path_.string() +
                " cannot be written: " + std::generic_category().message(error));
    });
}

}  // namespace spoa::daemon
