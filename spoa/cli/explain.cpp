#include "cli/explain.hpp"

#include "base/percent.hpp"
#include "cli/fetch.hpp"
#include "cli/terminal.hpp"
#include "net/http_client.hpp"
#include "telemetry/explanation.hpp"

#include <cstdio>

namespace spoa::cli {

int explain_name(const std::string& url, const std::string& name, bool json)
{
    const auto agent = net::parse_url(url);
    const auto page = fetch_page(
        agent,
        "/v1/masters/" + percent_encoded(name),
        "the agent at " + to_string(agent) + " has no name '" + name +
            "'; `sentinel-spoa status` lists its names");
    const auto explanation = telemetry::explain(page, stdout_style());
    std::fputs(json ? page.c_str() : explanation.text.c_str(), stdout);
    return explanation.all_well ? 0 : 1;
}

}  // namespace spoa::cli
