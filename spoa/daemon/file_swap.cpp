#include "daemon/file_swap.hpp"

#include "base/descriptor.hpp"
#include "config/yaml_tree.hpp"
#include "daemon/fault_point.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace fs = std::filesystem;

namespace spoa::daemon {
namespace {

std::string_view advice(int error)
{
    switch (error) {
        case ENOSPC:
        case EDQUOT: return "; free some space there";
        case EROFS: return "; the file system is read-only (ReadWritePaths= in the agent's unit?)";
        case EACCES:
        case EPERM: return "; let the user of the agent write in that folder";
        case ENOENT: return "; is the path right?";
        default: return "";
    }
}

// The errno of the first step that failed, or 0. The path is one without links.
int read_all(const fs::path& path, std::string& text, struct stat& status)
{
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0)
        return errno;
    if (!S_ISREG(status.st_mode))
        return S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
    text.clear();
    std::array<char, 16'384> chunk{};
    for (;;) {
        const auto size = ::read(file.get(), chunk.data(), chunk.size());
        if (size < 0)
            return errno;
        if (size == 0)
            return 0;
        text.append(chunk.data(), static_cast<std::size_t>(size));
        if (text.size() > config::largest_text)
            return EFBIG;
    }
}

int write_all(int file, std::string_view text)
{
    while (!text.empty()) {
        const auto size = ::write(file, text.data(), text.size());
        if (size < 0)
            return errno;
        text.remove_prefix(static_cast<std::size_t>(size));
    }
    return 0;
}

int sync_folder_of(const fs::path& file)
{
    const Descriptor folder(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return folder.get() >= 0 && ::fsync(folder.get()) == 0 ? 0 : errno;
}

// Lets both names change their files in one step. Where the file system cannot (NFS), in three, in
// each of which `file` is whole; `spare` is a name for the time between.
int exchange_names(const fs::path& beside, const fs::path& file, const fs::path& spare)
{
    if (::renameat2(AT_FDCWD, beside.c_str(), AT_FDCWD, file.c_str(), RENAME_EXCHANGE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    ::unlink(spare.c_str());
    if (::link(file.c_str(), spare.c_str()) != 0 || ::rename(beside.c_str(), file.c_str()) != 0 ||
        ::rename(spare.c_str(), beside.c_str()) != 0)
        return errno;
    return 0;
}

}  // namespace

fs::path FileSwap::beside(std::string_view ending) const
{
    auto path = file_.empty() ? given_ : file_;
    path += ending;
    return path;
}

std::string FileSwap::trouble(std::string_view what, const fs::path& path, int error) const
{
    return std::string(what) + ' ' + path.string() + ": " + std::generic_category().message(error) +
           std::string(advice(error));
}

std::string FileSwap::read(std::string& text)
{
    std::vector<uid_t> owners;
    file_.clear();
    if (const int failed = find(owners); failed != 0)
        return trouble("cannot read", given_, failed);
    if (const int failed = read_all(file_, text, status_); failed != 0)
        return trouble("cannot read", file_, failed);
    const auto is_trusted = [this](uid_t owner) {
        return owner == 0 || owner == ::geteuid() || owner == status_.st_uid;
    };
    if (std::ranges::all_of(owners, is_trusted))
        return {};
    text.clear();
    return given_.string() +
           " is a link that neither root, the agent's user nor the owner of the file has made; "
           "write the path of the file itself";
}

// Finds the file behind links, each looked at as it is, whatever somebody puts there meanwhile. The
// errno, or 0.
int FileSwap::find(std::vector<uid_t>& owners)
{
    constexpr std::size_t most_links = 16;
    auto path = fs::absolute(given_);
    while (owners.size() < most_links) {
        const Descriptor at(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        struct stat status {};
        if (at.get() < 0 || ::fstat(at.get(), &status) != 0)
            return errno;
        if (!S_ISLNK(status.st_mode)) {
            std::error_code error;
            const auto folder = fs::canonical(path.parent_path(), error);
            file_ = folder / path.filename();
            return error.value();
        }
        owners.push_back(status.st_uid);
        std::array<char, 4'096> target{};
        const auto size = ::readlinkat(at.get(), "", target.data(), target.size());
        if (size < 0)
            return errno;
        path = path.parent_path() / std::string(target.data(), static_cast<std::size_t>(size));
    }
    return ELOOP;
}

bool FileSwap::is_as_read() const
{
    struct stat now {};
    return !file_.empty() && ::stat(given_.c_str(), &now) == 0 && now.st_ino == status_.st_ino &&
           now.st_dev == status_.st_dev && now.st_size == status_.st_size &&
           now.st_mtim.tv_sec == status_.st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == status_.st_mtim.tv_nsec;
}

bool FileSwap::is_begun() const
{
    struct stat ignored {};
    return ::lstat(beside(".new").c_str(), &ignored) == 0;
}

std::string FileSwap::write(const std::string& text)
{
    const auto part = beside(".part");
    ::unlink(part.c_str());
    const Descriptor file(
        ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0)
        return trouble("cannot write", part, errno);
    const auto give_up = [&](std::string_view what, int error) {
        ::unlink(part.c_str());
        return trouble(what, part, error);
    };
    const auto half = text.size() / 2;
    const std::string_view all = text;
    int error = write_all(file.get(), all.substr(0, half));
    fault_point("half written");
    if (error == 0)
        error = write_all(file.get(), all.substr(half));
    if (error != 0)
        return give_up("cannot write", error);
    struct stat mine {};
    if (::fstat(file.get(), &mine) != 0)
        return give_up("cannot read", errno);
    const bool is_mine = mine.st_uid == status_.st_uid && mine.st_gid == status_.st_gid;
    if (!is_mine && ::fchown(file.get(), status_.st_uid, status_.st_gid) != 0) {
        ::unlink(part.c_str());
        return file_.string() +
               " belongs to a user or group that the agent may not give its copy to; run the agent "
               "as the owner of the file, or as root";
    }
    if (::fchmod(file.get(), status_.st_mode & 07777U) != 0 || ::fsync(file.get()) != 0)
        return give_up("cannot write", errno);
    fault_point("written");
    if (::rename(part.c_str(), candidate().c_str()) != 0)
        return give_up("cannot rename", errno);
    fault_point("candidate");
    return {};
}

FileSwap::Exchanged FileSwap::exchange(const std::string& expected, std::string& why)
{
    const auto is_expected = [&](const fs::path& path) {
        std::string text;
        struct stat status {};
        return read_all(path, text, status) == 0 && text == expected;
    };
    if (!is_expected(file_))
        return Exchanged::edited_meanwhile;
    const auto swap = [&] { return exchange_names(candidate(), file_, beside(".old")); };
    if (const int error = swap(); error != 0) {
        why = trouble("cannot replace", file_, error);
        return Exchanged::failed;
    }
    fault_point("exchanged");
    if (!is_expected(candidate())) {  // somebody was quicker, between our look and the exchange
        swap();
        return Exchanged::edited_meanwhile;
    }
    if (const int error = sync_folder_of(file_); error != 0)
        why = trouble("cannot sync the folder of", file_, error);
    fault_point("in force");
    return Exchanged::yes;
}

std::string FileSwap::keep()
{
    const auto last_good = beside(".last-good");
    if (::rename(candidate().c_str(), last_good.c_str()) != 0)
        return trouble("cannot keep the last good file as", last_good, errno);
    fault_point("kept");
    const int error = sync_folder_of(file_);
    return error == 0 ? std::string() : trouble("cannot sync the folder of", file_, error);
}

void FileSwap::discard()
{
    ::unlink(candidate().c_str());
}

}  // namespace spoa::daemon
