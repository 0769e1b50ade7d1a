// Any bytes as a nutcracker.yml: it is refused with a sentence, or an edit changes the address of
// the one server and leaves every other byte, and its reverse gives the file as it was.
#include "base/bytes.hpp"
#include "fuzz/promise.hpp"
#include "twemproxy/edit.hpp"
#include "twemproxy/pools.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

using namespace spoa;
using fuzz::expect;

namespace {

void check_refusal(const std::string& text)
{
    expect(!text.empty() && text.find('\n') == std::string::npos, "a refusal is one line");
    expect(text.find("internal error") == std::string::npos, "nothing throws inside");
}

// All but `address` is the same in both texts.
void check_edit(std::string_view before, std::string_view after, std::string_view address)
{
    const auto [left, right] = std::ranges::mismatch(before, after);
    const auto start = static_cast<std::size_t>(left - before.begin());
    // The edit may begin with what stood there, and be followed by it: 192.0.2.77:7777:1380:1.
    bool good = false;
    for (std::size_t back = 0; back <= start && !good; ++back) {
        const auto at = start - back;
        if (after.substr(at, address.size()) != address)
            continue;
        const auto rest = after.substr(at + address.size());
        good = before.size() >= at + rest.size() && before.ends_with(rest);
    }
    expect(good, "only one address has changed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto text = as_text(std::as_bytes(std::span(data, size)));
    const auto pools = twemproxy::read_pools(text);
    if (!pools) {
        check_refusal(pools.error().text);
        return 0;
    }
    for (const auto& pool : *pools)
        for (std::size_t i = 0; i < pool.servers.size(); ++i) {
            expect(pool.servers[i].offset <= text.size(), "the place of a server is in the text");
            const twemproxy::Target target{pool.name, std::to_string(i + 1), {"192.0.2.77", 7777}};
            const auto edited = twemproxy::edit(text, std::span(&target, 1));
            if (!edited) {
                check_refusal(edited.error().text);
                continue;
            }
            if (!edited->changes.empty())
                check_edit(text, edited->text, "192.0.2.77:7777");
            const auto again = twemproxy::edit(edited->text, std::span(&target, 1));
            expect(again && again->changes.empty(), "what was edited is right");
        }
    return 0;
}
