#include "cli/fetch.hpp"

#include "base/printable.hpp"
#include "net/http_client.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

namespace spoa::cli {

std::string fetch_page(
    const SocketAddress& agent, const std::string& target, const std::string& absent)
{
    constexpr std::chrono::seconds answer_limit{2};
    auto reply = net::http_get(agent, target, answer_limit);
    if (reply.status == 404 && !absent.empty())
        throw std::runtime_error(absent);
    if (reply.status != 200)
        throw std::runtime_error(
            to_string(agent) + " answers status " + std::to_string(reply.status) +
            "; is it the HTTP address of an agent?");
    return printable_lines(reply.body);
}

}  // namespace spoa::cli
