#include "daemon/fault_point.hpp"

#include <csignal>
#include <cstdlib>

namespace spoa::daemon {

// Dies here, as by kill -9, when SENTINEL_SPOA_DIE_AT names this step.
void fault_point(std::string_view step)
{
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here ever changes the environment
    const char* const wanted = std::getenv("SENTINEL_SPOA_DIE_AT");
    if (wanted != nullptr && step == wanted)
        std::raise(SIGKILL);
}

}  // namespace spoa::daemon
