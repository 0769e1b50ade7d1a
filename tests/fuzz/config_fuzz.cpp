// Any text as the configuration file: it is taken or every refusal has its reason and place, and
// what is taken makes a HAProxy configuration or a sentence why not.
#include "base/bytes.hpp"
#include "config/load.hpp"
#include "fuzz/promise.hpp"
#include "haproxy_config/generate.hpp"

#include <algorithm>
#include <cstdint>

using namespace spoa;
using fuzz::expect;

namespace {

bool one_line(std::string_view text)
{
    return !text.empty() && std::ranges::none_of(text, [](char c) {
        return static_cast<unsigned char>(c) < 0x20U || c == '\x7f';
    });
}

void check_diagnostics(const config::Loaded& loaded, int lines)
{
    for (const auto& said : loaded.diagnostics) {
        expect(one_line(said.text), "a diagnostic is one printable line");
        expect(said.line >= 0 && said.line <= lines, "its place is in the file");
        // By the whole of its words: a text may hold any part of them, and be quoted with it.
        expect(
            said.text != "the configuration could not be read: out of memory or an internal error",
            "nothing throws inside");
    }
    expect(
        std::ranges::is_sorted(loaded.diagnostics, {}, &config::Diagnostic::line),
        "diagnostics stand in the order of the file");
}

std::size_t count_lines(std::string_view text, std::string_view beginning)
{
    std::size_t count = 0;
    for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
        count += text.substr(at + 1).starts_with(beginning) ? 1 : 0;
    return count;
}

std::size_t frontends_of(const config::Config& config)
{
    std::size_t count = 0;
    for (const auto& master : config.masters)
        count += master.replicas ? 2 : 1;
    return count;
}

void check_config(const config::Config& config)
{
    expect(!config.sentinels.addresses.empty(), "Sentinels are configured");
    expect(!config.masters.empty(), "names are configured");
    expect(!config.spop.listen.empty(), "HAProxy has where to connect");
    for (const auto& [form, name] : haproxy_config::form_names) {
        const auto files = haproxy_config::generate(config, form);
        expect(files || one_line(files.error()), "files, or why not");
        if (!files)
            continue;
        expect(files->front().name == "haproxy.cfg", "HAProxy's own file comes first");
        expect(
            count_lines(files->front().content, "frontend ") == frontends_of(config) + 1,
            "each name has its frontends, and no name makes lines of its own");
        for (const auto& [file, content] : *files)
            expect(!content.empty(), "no file is empty");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto text = as_text(std::as_bytes(std::span(data, size)));
    // A folder that is not there: what a text names must not depend on the machine.
    const auto loaded = config::load_text(text, "/nonexistent");
    check_diagnostics(loaded, 2 + static_cast<int>(std::ranges::count(text, '\n')));
    if (!loaded.has_errors())
        check_config(loaded.config);
    return 0;
}
