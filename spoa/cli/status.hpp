#pragma once

#include <string>

namespace spoa::cli {

// `sentinel-spoa status`: prints what the agent at `url` sees, as a table or as its JSON, once or
// every second until it is interrupted. Answers the exit code: 0 when every name has a master
// that may be used, 1 otherwise. Throws std::runtime_error with a sentence when there is no answer.
int show_status(const std::string& url, bool json, bool watch);

}  // namespace spoa::cli
