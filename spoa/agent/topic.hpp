#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace spoa::agent {

// What a connection is for.
enum class Role : std::uint8_t { master, replica, unknown };

// What a question is about: a name, by its place in the snapshot, and the role that is wanted.
struct Topic {
    std::size_t name = 0;
    Role role = Role::master;

    auto operator<=>(const Topic&) const = default;
};

}  // namespace spoa::agent
