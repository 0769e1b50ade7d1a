// Any bytes as what HAProxy's runtime API answers: turns go on, and no byte of an answer turns into
// a command of its own.
#include "haproxy_api/fence.hpp"

#include <algorithm>
#include <cstdlib>
#include <span>
#include <string_view>

using namespace spoa::haproxy_api;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto reply = parse_reply({reinterpret_cast<const char*>(data), size});
    (void)trouble_in(reply);
    if (reply.cut)
        return 0;
    for (const auto& seen : reply.backends) {
        Fence fence(seen.name);
        TimePoint now;
        fence.want({{"R1", Wish::ready}, {"R2", Wish::maint}}, now);
        for (int turn = 0; turn < 3; ++turn, now += look_period) {
            const auto commands = fence.begin(now);
            for (const auto* const list : {&commands.opening, &commands.closing})
                for (const auto& command : *list)
                    if (command.find_first_of(";\n\\") != std::string::npos)
                        std::abort();
            fence.take(seen, now);
            (void)fence.warnings();
        }
    }
    return 0;
}
