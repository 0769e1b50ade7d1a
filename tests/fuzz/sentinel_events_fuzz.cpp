// Any text as what a Sentinel publishes, `CHANNEL PAYLOAD`: an event is of a channel that was
// subscribed to, its names are the payload's own, its addresses usable.
#include "base/bytes.hpp"
#include "fuzz/promise.hpp"
#include "sentinel/event_parser.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

using namespace spoa;
using fuzz::expect;

namespace {

bool usable(const std::optional<Endpoint>& endpoint)
{
    return !endpoint || (!endpoint->host.empty() && endpoint->port != 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto text = as_text(std::as_bytes(std::span(data, size)));
    const auto channel = text.substr(0, text.find(' '));
    const auto payload = text.substr(std::min(channel.size() + 1, text.size()));
    static const std::vector<std::string> spaced{"my cache", "my cache 2", "a b"};
    const auto event = sentinel::parse_event(channel, payload, spaced);
    const bool known = std::ranges::count(sentinel::channels(), channel) == 1;
    if (!event)
        return 0;
    expect(known && event->channel == channel, "an event is of a known channel");
    expect(payload.find(event->master_name) != std::string_view::npos, "its name was published");
    expect(
        event->subject != sentinel::Subject::none || (event->master_name.empty() && !event->node),
        "free text is about nobody");
    expect(usable(event->node) && usable(event->master), "its addresses can be connected to");
    return 0;
}
