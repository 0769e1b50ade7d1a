#include "daemon/fault_point.hpp"

namespace spoa::daemon {

// Alone in its file, so that the program of the tests can bring another one.
void fault_point(std::string_view /*step*/) {}

}  // namespace spoa::daemon
