#pragma once

#include <string>

namespace spoa::cli {

// `sentinel-spoa explain NAME`: prints why the agent at `url` gives its verdict on a name, in words
// or as its JSON. Answers the exit code: 0 when the name has a master that may be used, 1
// otherwise. Throws std::runtime_error with a sentence when there is no answer.
int explain_name(const std::string& url, const std::string& name, bool json);

}  // namespace spoa::cli
