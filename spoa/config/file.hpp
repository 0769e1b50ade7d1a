#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>

namespace spoa::config {

struct FileText {
    std::string text;
    bool world_readable = false;
};

// The whole of a regular file that has at most `max_size` bytes; `file_too_large` when it has more.
// Never waits for what is none, a FIFO for one.
[[nodiscard]] result<FileText> read_file(const std::filesystem::path& path, std::size_t max_size);

// Where a secret that is configured as `path` is read from: there, or, when we may not read it, in
// the copy that systemd made for us alone, `LoadCredential=secrets:FOLDER` in the unit.
std::filesystem::path place_of_secret(const std::filesystem::path& path);

}  // namespace spoa::config
