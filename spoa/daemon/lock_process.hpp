#pragma once

namespace spoa::daemon {

// Shuts the process against the other ones of its user, before the first secret is read: no core
// dump, no debugger, nothing of it in /proc but to root; and nothing that it starts gets more
// rights than it has. With SENTINEL_SPOA_TRACEABLE=1 in the environment, for developers, debuggers
// and core dumps work as everywhere.
void lock_process();

}  // namespace spoa::daemon
