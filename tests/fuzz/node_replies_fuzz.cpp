// Any replies as what a data node answers to ROLE and INFO: what is understood is consistent.
#include "base/bytes.hpp"
#include "fuzz/promise.hpp"
#include "fuzz/values_in.hpp"
#include "node/reply_parser.hpp"

#include <cstdint>

using namespace spoa;
using fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    for (const auto& reply : fuzz::values_in(as_text(std::as_bytes(std::span(data, size))))) {
        if (const auto role = node::parse_role(reply))
            expect(role->role != node::Role::unknown, "a reply that is understood tells the role");
        const auto info = node::parse_info(reply);
        expect(info.has_value() == (reply.text() != nullptr), "INFO is a text");
        if (info && info->master)
            expect(
                !info->master->host.empty() && info->master->port != 0,
                "a replica's master can be connected to");
    }
    return 0;
}
