#include "cli/explain.hpp"

#include "net/http_client.hpp"
#include "telemetry/explanation.hpp"

#include <chrono>
#include <cstdio>
#include <stdexcept>

namespace spoa::cli {

int explain_name(const std::string& url, const std::string& name, bool json)
{
    constexpr std::chrono::seconds answer_limit{2};
    const auto agent = net::parse_url(url);
    const auto reply = net::http_get(agent, "/v1/masters/" + name, answer_limit);
    if (reply.status == 404)
        throw std::runtime_error(
            "the agent at " + to_string(agent) + " has no name '" + name +
            "'; `sentinel-spoa status` lists its names");
    if (reply.status != 200)
        throw std::runtime_error(
            to_string(agent) + " answers status " + std::to_string(reply.status) +
            "; is it the HTTP address of an agent?");
    const auto explanation = telemetry::explain(reply.body);
    std::fputs(json ? reply.body.c_str() : explanation.text.c_str(), stdout);
    return explanation.open ? 0 : 1;
}

}  // namespace spoa::cli
