// The control side as one: Sentinels, data nodes and a HAProxy whose bytes and whose time are a
// script's. Whatever they say, no name is given that no majority of the configured Sentinels named,
// and memory stays bounded (control_promises.cpp has all that must hold). control_script.cpp
// has the letters of a script.
#include "base/bytes.hpp"
#include "fuzz/control_world.hpp"

#include <cstdint>

using namespace spoa;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    fuzz::Script script(as_text(std::as_bytes(std::span(data, size))));
    fuzz::ControlWorld world(script);
    while (!script.at_end())
        world.step(script);
    return 0;
}
