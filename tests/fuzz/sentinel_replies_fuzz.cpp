// Any bytes as what a Sentinel sends: every value goes to every parser, which has to cope.
#include "resp/reader.hpp"
#include "sentinel/event_parser.hpp"
#include "sentinel/reply_parser.hpp"

#include <cstdlib>
#include <string_view>

using namespace spoa;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    resp::Reader reader;
    reader.feed({reinterpret_cast<const char*>(data), size});
    const sentinel::TimePoint now;
    for (auto value = reader.next(); value && *value; value = reader.next()) {
        const auto& reply = **value;
        const auto vote = sentinel::parse_vote(reply, reply, reply, now);
        if (const auto* const given = std::get_if<sentinel::Vote>(&vote))
            (void)sentinel::repeat_vote(*given, reply, now);
        (void)sentinel::parse_myid(reply);
        (void)sentinel::parse_ckquorum(reply);
        (void)sentinel::parse_tilt(reply);
        if (const auto* const text = reply.text())
            for (const auto channel : sentinel::channels())
                (void)sentinel::parse_event(channel, *text);
        if (const auto* const parts = reply.array(); parts && parts->size() == 3)
            (void)sentinel::parse_vote((*parts)[0], (*parts)[1], (*parts)[2], now);
    }
    return 0;
}
