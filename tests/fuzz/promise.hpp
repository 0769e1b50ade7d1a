#pragma once

#include <cstdio>
#include <cstdlib>

namespace spoa::fuzz {

// Ends the run, and so reports the input as a finding, unless the code kept what it promises.
inline void expect(bool kept, const char* promise)
{
    if (kept)
        return;
    std::fprintf(stderr, "broken promise: %s\n", promise);
    std::abort();
}

}  // namespace spoa::fuzz
