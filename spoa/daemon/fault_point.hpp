#pragma once

#include <string_view>

namespace spoa::daemon {

// Marks a step after which nothing may be half done, even if the process dies there. Does nothing
// in the program; tests link a program of their own in which it can kill (tests/faults).
void fault_point(std::string_view step);

}  // namespace spoa::daemon
