#include "cli/status.hpp"

#include "cli/fetch.hpp"
#include "net/http_client.hpp"
#include "telemetry/status_table.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <thread>

namespace spoa::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto watch_period = 1s;

// Prints one picture; true when every name has a master that may be used.
bool show_once(const SocketAddress& agent, bool json)
{
    const auto page = fetch_page(agent, "/v1/masters");
    const auto table = telemetry::status_table(page);
    std::fputs(json ? page.c_str() : table.text.c_str(), stdout);
    std::fflush(stdout);
    return table.all_open;
}

}  // namespace

int show_status(const std::string& url, bool json, bool watch)
{
    const auto agent = net::parse_url(url);
    const bool terminal = ::isatty(STDOUT_FILENO) != 0;
    while (watch) {
        if (terminal)
            std::fputs("\x1b[H\x1b[2J", stdout);  // home, and clear
        try {
            show_once(agent, json);
        } catch (const std::runtime_error& e) {
            std::printf("%s\n", e.what());  // it may come back: that is what one watches for
        }
        std::this_thread::sleep_for(watch_period);
    }
    return show_once(agent, json) ? 0 : 1;
}

}  // namespace spoa::cli
