#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace spoa::test {

inline constexpr auto world_readable = std::filesystem::perms(0644);

// A folder for one test, removed with all that is in it.
class TemporaryFolder {
public:
    TemporaryFolder()
    {
        auto name = (std::filesystem::temp_directory_path() / "spoa-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("mkdtemp");
        path_ = name;
    }
    ~TemporaryFolder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }

    std::filesystem::path write(
        const std::string& name, const std::string& text,
        std::filesystem::perms mode = std::filesystem::perms(0600)) const
    {
        auto file = path_ / name;
        std::ofstream(file, std::ios::binary) << text;
        std::filesystem::permissions(file, mode);
        return file;
    }

private:
    std::filesystem::path path_;
};

}  // namespace spoa::test
