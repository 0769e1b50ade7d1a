// Any bytes as what a Redis or a Sentinel sends: the same values and the same end, however the
// stream is cut; and with narrow limits never another value, only an earlier end.
#include "fuzz/cuts.hpp"
#include "fuzz/promise.hpp"
#include "resp/reader.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

using namespace spoa;
using fuzz::expect;

namespace {

struct Reading {
    std::vector<resp::Value> values;
    bool failed = false;

    bool operator==(const Reading&) const = default;
};

// Whether the reader can go on.
bool drain(resp::Reader& reader, Reading& into)
{
    for (;;) {
        auto value = reader.next();
        into.failed = !value;
        if (!value)
            return false;
        if (!*value)
            return true;
        into.values.push_back(**std::move(value));
    }
}

Reading read_whole(ByteView stream)
{
    Reading reading;
    resp::Reader reader;
    reader.feed(as_text(stream));
    drain(reader, reading);
    return reading;
}

Reading read_in_pieces(ByteView stream, fuzz::Cuts& cuts, resp::ReaderLimits limits)
{
    Reading reading;
    resp::Reader reader(limits);
    for (bool more = true; more && !stream.empty();) {
        const auto piece = stream.first(cuts.next(stream.size()));
        stream = stream.subspan(piece.size());
        reader.feed(as_text(Bytes(piece.begin(), piece.end())));
        more = drain(reader, reading);
    }
    return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto stream = std::as_bytes(std::span(data, size));
    fuzz::Cuts cuts(stream);
    const bool narrow = cuts.coin() && cuts.coin();
    const resp::ReaderLimits limits =
        narrow ? resp::ReaderLimits{.reply_bytes = 32, .array_elements = 3} : resp::ReaderLimits{};
    const auto whole = read_whole(stream);
    const auto pieces = read_in_pieces(stream, cuts, limits);
    if (!narrow)
        expect(whole == pieces, "the cuts of the stream change nothing");
    expect(
        pieces.values.size() <= whole.values.size() &&
            std::equal(pieces.values.begin(), pieces.values.end(), whole.values.begin()),
        "a limit ends the reading and changes no value");
    return 0;
}
