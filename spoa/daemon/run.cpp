#include "daemon/run.hpp"

#include "daemon/daemon.hpp"
#include "daemon/descriptors.hpp"
#include "telemetry/log.hpp"

#include <string>

namespace spoa::daemon {

void run(const config::Config& config, const std::filesystem::path& file, std::string_view version)
{
    telemetry::set_up_log(config.log.level, config.log.format);
    const auto limits = provide_descriptors(config);
    Daemon daemon(config, file, limits, version);
    std::string addresses;
    for (const auto& address : config.spop.listen)
        addresses += (addresses.empty() ? "" : " ") + to_string(address);
    telemetry::write_log(
        LogLevel::info,
        "sentinel-spoa " + std::string(version) + " started",
        {{"spop", addresses},
         {"names", std::to_string(config.masters.size())},
         {"sentinels", std::to_string(config.sentinels.addresses.size())},
         {"threads", std::to_string(config.spop.threads)}});
    daemon.run();
}

}  // namespace spoa::daemon
