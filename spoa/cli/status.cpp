#include "cli/status.hpp"

#include "base/printable.hpp"
#include "cli/fetch.hpp"
#include "cli/terminal.hpp"
#include "net/http_client.hpp"
#include "telemetry/status_table.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <thread>
#include <utility>

namespace spoa::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto watch_period = 1s;

struct Picture {
    std::string text;
    bool all_well = false;
};

Picture picture_of(const SocketAddress& agent, bool json)
{
    auto page = fetch_page(agent, "/v1/masters");
    auto table = telemetry::status_table(page, stdout_style());
    return {std::move(json ? page : table.text), table.all_well};
}

// In the place of what is on the terminal, without a flicker: each line clears its rest.
std::string in_place(const std::string& text)
{
    std::string out = "\x1b[H";
    auto lines = stdout_height();
    for (std::size_t at = 0; at < text.size() && lines != 1;) {
        const auto end = std::min(text.find('\n', at), text.size());
        out += text.substr(at, end - at) + "\x1b[K\n";
        at = end + 1;
        lines -= lines > 0 ? 1 : 0;
    }
    return out + "\x1b[J";
}

void print(const std::string& text)
{
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

}  // namespace

int show_status(const std::string& url, bool json, bool watch)
{
    const auto agent = net::parse_url(url);
    const bool terminal = stdout_is_terminal();
    while (watch) {
        std::string text;
        try {
            text = picture_of(agent, json).text;
        } catch (const std::runtime_error& e) {
            text = printable(e.what()) + "\n";  // it may come back: what one watches for
        }
        print(terminal ? in_place(text) : text);
        std::this_thread::sleep_for(watch_period);
    }
    const auto picture = picture_of(agent, json);
    print(picture.text);
    return picture.all_well ? 0 : 1;
}

}  // namespace spoa::cli
