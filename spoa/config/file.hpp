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

// The whole of a file that has at most `max_size` bytes; `file_too_large` when it has more.
[[nodiscard]] result<FileText> read_file(const std::filesystem::path& path, std::size_t max_size);

}  // namespace spoa::config
