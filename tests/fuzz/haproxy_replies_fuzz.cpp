// Any bytes as what HAProxy's runtime API or its master CLI answers: turns go on, and no byte of an
// answer turns into a command of its own.
#include "haproxy_api/delivery.hpp"
#include "haproxy_api/fence.hpp"
#include "haproxy_api/master_cli.hpp"

#include <algorithm>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

using namespace spoa::haproxy_api;

namespace {

void must_be_one_command(const std::string& command)
{
    if (command.find_first_of(";\n\\") != std::string::npos)
        std::abort();
}

void ask_master(std::string_view text)
{
    (void)parse_old_workers(text);
    const auto sessions = parse_sessions(text);
    if (!sessions)
        return;
    for (const auto& [id, backend, server] : *sessions)
        for (const auto* const word : {&id, &backend, &server})
            must_be_one_command(*word);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    ask_master(text);
    const auto reply = parse_reply(text);
    (void)trouble_in(reply);
    if (reply.cut)
        return 0;
    for (const auto& seen : reply.backends) {
        Fence fence(seen.name);
        TimePoint now;
        fence.want({{"R1", Wish::ready}, {"R2", Wish::idle}}, now);
        fence.expect({{"R1", {{{"10.0.0.1", 6379}}, true}}, {"R2", {{{"10.0.0.2", 6379}}}}}, now);
        for (int turn = 0; turn < 3; ++turn, now += look_period) {
            const auto commands = fence.begin(now);
            for (const auto* const list : {&commands.opening, &commands.closing})
                for (const auto& command : *list)
                    must_be_one_command(command);
            fence.take(seen, now);
            (void)problems_of(fence);
        }
    }
    return 0;
}
