#include "node/restart.hpp"

namespace spoa::node {

std::optional<Restart> RestartWatch::take(const Info& info)
{
    if (info.loading || info.run_id.empty())
        return std::nullopt;
    std::optional<Restart> restart;
    if (last_ && last_->run_id != info.run_id)
        restart = Restart{*last_, info};
    last_ = info;
    return restart;
}

}  // namespace spoa::node
