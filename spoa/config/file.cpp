#include "config/file.hpp"

#include "base/descriptor.hpp"

#include <boost/system/errc.hpp>
#include <boost/system/error_category.hpp>
#include <boost/system/system_category.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace spoa::config {
namespace {

class FileCategory : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "file"; }
    std::string message(int) const override
    {
        return "it is no regular file, but a FIFO, a socket or a device";
    }
};

error_code no_regular_file()
{
    static const FileCategory category;
    return {1, category};
}

error_code last_error()
{
    return {errno, boost::system::system_category()};
}

}  // namespace

// open() and not std::ifstream: a stream does not say why it failed, and the mode must be that of
// the file that was read. Without O_NONBLOCK a FIFO would keep us until somebody writes to it.
result<FileText> read_file(const std::filesystem::path& path, std::size_t max_size)
{
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0)
        return last_error();
    if (S_ISDIR(status.st_mode))
        return make_error_code(boost::system::errc::is_a_directory);
    if (!S_ISREG(status.st_mode))
        return no_regular_file();

    FileText out;
    out.world_readable = (status.st_mode & S_IROTH) != 0;
    if (static_cast<std::uintmax_t>(status.st_size) > max_size)
        return make_error_code(boost::system::errc::file_too_large);
    std::array<char, 16'384> chunk{};
    for (;;) {
        const auto n = ::read(file.get(), chunk.data(), chunk.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return last_error();
        if (n == 0)
            return out;
        out.text.append(chunk.data(), static_cast<std::size_t>(n));
        if (out.text.size() > max_size)
            return make_error_code(boost::system::errc::file_too_large);
    }
}

std::filesystem::path place_of_secret(const std::filesystem::path& path)
{
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here ever changes the environment
    const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr || ::access(path.c_str(), R_OK) == 0)
        return path;
    const auto copy = std::filesystem::path(folder) / ("secrets_" + path.filename().string());
    return ::access(copy.c_str(), R_OK) == 0 ? copy : path;
}

}  // namespace spoa::config
