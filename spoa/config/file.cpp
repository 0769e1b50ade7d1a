#include "config/file.hpp"

#include "base/descriptor.hpp"

#include <boost/system/errc.hpp>
#include <boost/system/system_category.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace spoa::config {
namespace {

error_code last_error()
{
    return {errno, boost::system::system_category()};
}

}  // namespace

// open() and not std::ifstream: a stream does not say why it failed, and the mode must be that of
// the file that was read.
result<FileText> read_file(const std::filesystem::path& path, std::size_t max_size)
{
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0)
        return last_error();

    FileText out;
    out.world_readable = S_ISREG(status.st_mode) && (status.st_mode & S_IROTH) != 0;
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
