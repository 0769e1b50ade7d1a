// Any text as the state file: refused, or what was read is written back as the same.
#include "base/bytes.hpp"
#include "fuzz/promise.hpp"
#include "telemetry/memory.hpp"

#include <cstdint>

using namespace spoa;
using fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto all = telemetry::decode_memory(as_text(std::as_bytes(std::span(data, size))));
    if (!all)
        return 0;
    for (const auto& one : *all)
        expect(
            !one.address.host.empty() && one.address.port != 0, "an address can be connected to");
    expect(
        telemetry::decode_memory(telemetry::encode_memory(*all)) == all, "it survives a restart");
    return 0;
}
