#include "daemon/lock_process.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <string_view>

namespace spoa::daemon {

// None of these calls can fail with these arguments on a kernel that runs us.
void lock_process()
{
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads yet
    const char* const traceable = std::getenv("SENTINEL_SPOA_TRACEABLE");
    if (traceable != nullptr && std::string_view(traceable) == "1")
        return;
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    // A core that is piped to a program (systemd-coredump) knows no limit: this is what stops it.
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace spoa::daemon
