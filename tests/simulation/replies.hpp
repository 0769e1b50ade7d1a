#pragma once

#include "resp/value.hpp"
#include "simulation/world.hpp"

namespace spoa::simulation {

const Endpoint& endpoint_of(int node);
// The inverse; nowhere for none.
int node_of(const std::optional<Endpoint>& endpoint);
// One letter an identity: short, so that copies of votes cost nothing. Redis has 40 hex digits.
std::string_view identity_text(int identity);

// 40 hex digits; empty for nowhere.
std::string run_id_text(int process);

// Replies of a Sentinel as the agent's parser gets them. The values are kept and filled anew: the
// words of a reply are the greater part of what it costs.
class Replies {
public:
    Replies();
    const resp::Value& address(std::size_t which, int node);  // GET; which: 0 or 1
    const resp::Value& master(const Said& said, Time failover_timeout);

private:
    std::string& field(std::size_t place);

    resp::Value nil_;
    resp::Value no_such_master_;
    resp::Value address_[2];
    resp::Value master_;
};

}  // namespace spoa::simulation
