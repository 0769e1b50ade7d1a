#pragma once

#include "config/config.hpp"
#include "net/tls.hpp"

#include <memory>

namespace spoa::daemon {

// The client side of TLS as configured; nullptr where TLS is off. Throws std::runtime_error with
// one sentence that names the file at fault.
std::unique_ptr<net::TlsClient> make_tls(const config::Tls& tls);

// Reads every TLS file of the configuration, to find what is wrong before anything starts. Throws
// as make_tls does.
void check_tls(const config::Config& config);

}  // namespace spoa::daemon
