#include "daemon/pressure_log.hpp"

#include "telemetry/log.hpp"

#include <string>

namespace spoa::daemon {

using telemetry::write_log;

void PressureLog::look(const Pressure& now)
{
    const bool refusing = now.refused > before_.refused || (refusing_ && !now.seats_free);
    const bool failing = now.accept_errors > before_.accept_errors;
    const auto max_connections = std::to_string(limits_.served);
    const auto refused = std::to_string(now.refused);

    if (refusing && !refusing_)
        write_log(
            LogLevel::warning,
            "overload: all of max_connections are in use, further ones are told no server",
            {{"max_connections", max_connections}, {"refused", refused}});
    else if (!refusing && refusing_)
        write_log(
            LogLevel::info,
            "overload is over: every connection is served",
            {{"max_connections", max_connections}, {"refused", refused}});

    if (now.full && !waiting_)
        write_log(
            LogLevel::error,
            "overload: no more SPOP connections are accepted, new ones wait",
            {{"open", std::to_string(limits_.open())}});
    else if (!now.full && waiting_)
        write_log(LogLevel::info, "SPOP connections are accepted again");

    if (failing && !failing_)
        write_log(
            LogLevel::error,
            "connections cannot be accepted, most likely for want of file descriptors; new ones "
            "wait",
            {{"errors", std::to_string(now.accept_errors)}});
    else if (!failing && failing_)
        write_log(LogLevel::info, "connections can be accepted again");

    before_ = now;
    refusing_ = refusing;
    waiting_ = now.full;
    failing_ = failing;
}

}  // namespace spoa::daemon
