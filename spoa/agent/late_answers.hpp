// When the questions in a desk's waiting room are answered: at the moment the verdict on their name
// is clear, or when their time is over, by what the verdict says then. Never from a stale snapshot:
// they go on waiting for the next one.
#pragma once

#include "agent/conversation.hpp"

#include <chrono>
#include <cstddef>

namespace spoa::agent {

// Answers the oldest `most` of those that may go now. True when there are more.
bool answer_some(Desk& desk, std::chrono::steady_clock::time_point now, std::size_t most);

// Answers all of them, by what the verdict says.
void answer_all(Desk& desk);

}  // namespace spoa::agent
