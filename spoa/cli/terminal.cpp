#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace spoa::cli {
namespace {

std::string_view environment(const char* name)
{
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread here
    return value ? value : "";
}

winsize size_of_stdout()
{
    winsize size{};
    if (stdout_is_terminal())
        ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    return size;
}

}  // namespace

bool stdout_is_terminal()
{
    return ::isatty(STDOUT_FILENO) != 0;
}

telemetry::TextStyle stdout_style()
{
    telemetry::TextStyle style;
    style.colour =
        stdout_is_terminal() && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
    const auto columns = environment("COLUMNS");
    std::size_t width = 0;
    const auto [end, error] =
        std::from_chars(columns.data(), columns.data() + columns.size(), width);
    const bool is_number = error == std::errc() && end == columns.data() + columns.size();
    style.width = is_number ? width : size_of_stdout().ws_col;
    return style;
}

std::size_t stdout_height()
{
    return size_of_stdout().ws_row;
}

}  // namespace spoa::cli
