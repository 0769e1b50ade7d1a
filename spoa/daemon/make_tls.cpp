#include "daemon/make_tls.hpp"

namespace spoa::daemon {

std::unique_ptr<net::TlsClient> make_tls(const config::Tls& tls)
{
    if (!tls.enabled)
        return nullptr;
    return std::make_unique<net::TlsClient>(
        net::TlsSettings{tls.ca_file, tls.cert_file, tls.key_file, tls.server_name, tls.verify});
}

void check_tls(const config::Config& config)
{
    make_tls(config.sentinels.tls);
    for (const auto& master : config.masters)
        if (master.redis)
            make_tls(master.redis->tls);
}

}  // namespace spoa::daemon
