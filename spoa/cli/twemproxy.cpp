#include "cli/twemproxy.hpp"

#include "base/printable.hpp"
#include "config/file.hpp"
#include "config/yaml_tree.hpp"
#include "twemproxy/smitty.hpp"
#include "twemproxy/survey.hpp"

#include <cstdio>
#include <stdexcept>

namespace spoa::cli {

std::optional<std::string> migrate_smitty(const std::filesystem::path& file)
{
    const auto given = config::read_file(file, config::largest_text);
    if (!given)
        return std::nullopt;  // as a configuration of ours it is told why
    const auto target = twemproxy::smitty_target(given->text);
    if (!target)
        return std::nullopt;
    const auto nutcracker = config::read_file(*target, config::largest_text);
    auto migrated = twemproxy::migrate_smitty(
        given->text, nutcracker ? std::string_view(nutcracker->text) : std::string_view());
    if (!migrated)
        throw std::runtime_error(file.string() + ": " + migrated.error().text);
    return printable_lines(*migrated);
}

int check_twemproxy(const config::Config& config)
{
    if (config.twemproxies.empty())
        throw std::runtime_error("the configuration has no section `twemproxy`");
    bool good = true;
    for (const auto& each : config.twemproxies) {
        const auto file = config::read_file(each.file, config::largest_text);
        if (!file)
            throw std::runtime_error("cannot read " + each.file + ": " + file.error().message());
        const auto found = twemproxy::survey(each, file->text, config.masters);
        std::fputs(printable_lines(found.text).c_str(), stdout);
        good = good && found.good;
    }
    return good ? 0 : 1;
}

}  // namespace spoa::cli
