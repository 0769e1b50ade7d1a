#include "daemon/socket_trouble.hpp"

#include "telemetry/log.hpp"

namespace spoa::daemon {

void SocketTrouble::note(const std::string& trouble)
{
    noted_ = true;
    metrics_.set_up(place_, trouble.empty());
    if (!trouble.empty())
        metrics_.count_error(place_);
    if (trouble == now_)
        return;
    now_ = trouble;
    if (trouble.empty())
        telemetry::write_repeating(LogLevel::info, who_ + ": its " + what_ + " answers");
    else
        telemetry::write_repeating(LogLevel::warning, who_ + ": " + harm_, {{"reason", trouble}});
}

}  // namespace spoa::daemon
