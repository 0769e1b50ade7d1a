#pragma once

#include "config/config.hpp"
#include "config/credentials.hpp"
#include "config/section.hpp"

namespace spoa::config {

// `tls` of a section. The files it names are tried, so that one that cannot be read is told at its
// place; what is in them is not looked at.
Tls read_tls(const Section& section, const Origin& origin, Report& report);

}  // namespace spoa::config
