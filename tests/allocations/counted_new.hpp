#pragma once

#include <cstdint>

namespace spoa::test {

// How often memory was asked for, by all threads, through any form of operator new. Only in an
// executable that links counted_new.cpp.
std::uint64_t allocations() noexcept;

}  // namespace spoa::test
