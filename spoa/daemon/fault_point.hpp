#pragma once

#include <csignal>
#include <cstdlib>
#include <string_view>

namespace spoa::daemon {

// For tests: the process dies here, as by kill -9, when SENTINEL_SPOA_DIE_AT names this step.
inline void fault_point(std::string_view step)
{
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here ever changes the environment
    const char* const wanted = std::getenv("SENTINEL_SPOA_DIE_AT");
    if (wanted != nullptr && step == wanted)
        std::raise(SIGKILL);
}

}  // namespace spoa::daemon
