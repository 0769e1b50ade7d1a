// How a monitored name is called where HAProxy allows only letters, digits and _ - . : as in the
// names of its proxies.
#pragma once

#include <string>
#include <string_view>

namespace spoa {

// Returns the name with each byte other than letters, digits, '.', '-' and '_' as ':' and two
// hexadecimal digits in lower case: `demo/rd-demo` is `demo:2frd-demo`. A name without such bytes
// stays as it is, and no two names become one.
std::string identifier_of(std::string_view name);

}  // namespace spoa
