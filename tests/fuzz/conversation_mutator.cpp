// Changes a stream of SPOP frames one frame at a time, so that its lengths stay right: random bytes
// alone seldom come past the first frame.
#include "base/bytes.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

constexpr std::size_t prefix = 4;

struct Part {
    std::size_t start = 0;  // of its length
    std::size_t size = 0;   // without its length
};

std::vector<Part> frames_in(const std::uint8_t* data, std::size_t size)
{
    std::vector<Part> found;
    for (std::size_t at = 0; size - at >= prefix;) {
        std::size_t length = 0;
        for (std::size_t i = 0; i < prefix; ++i)
            length = length << 8 | data[at + i];
        if (length > size - at - prefix)
            break;
        found.push_back({at, length});
        at += prefix + length;
    }
    return found;
}

void put_length(std::uint8_t* out, std::size_t length)
{
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        *out++ = static_cast<std::uint8_t>(length >> shift);
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(
    std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed)
{
    std::minstd_rand random(seed);
    const auto frames = frames_in(data, size);
    if (frames.empty() || random() % 4 == 0)
        return LLVMFuzzerMutate(data, size, max_size);

    const auto chosen = frames[random() % frames.size()];
    auto* const at = data + chosen.start;
    const auto end = chosen.start + prefix + chosen.size;
    const std::vector<std::uint8_t> behind(data + end, data + size);
    std::size_t used = prefix + chosen.size;
    const auto room = max_size - size;
    switch (random() % 8) {
        case 0:  // the frame is left out
            used = 0;
            break;
        case 1:  // it comes twice
            if (room >= used) {
                std::memcpy(at + used, at, used);
                used *= 2;
            }
            break;
        default: {
            std::vector<std::uint8_t> body(at + prefix, at + used);
            body.resize(chosen.size + room);
            if (!body.empty())
                body.resize(LLVMFuzzerMutate(body.data(), chosen.size, body.size()));
            put_length(at, body.size());
            std::ranges::copy(body, at + prefix);
            used = prefix + body.size();
        }
    }
    std::ranges::copy(behind, at + used);
    return chosen.start + used + behind.size();
}
