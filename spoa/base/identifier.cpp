#include "base/identifier.hpp"

#include "base/hex_escape.hpp"

namespace spoa {

std::string identifier_of(std::string_view name)
{
    return hex_escaped(name, ".-_", ':', lower_hex);
}

}  // namespace spoa
