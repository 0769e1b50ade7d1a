#include "config/load.hpp"

#include "base/peer_text.hpp"
#include "config/credentials.hpp"
#include "config/file.hpp"
#include "config/haproxy.hpp"
#include "config/listeners.hpp"
#include "config/masters.hpp"
#include "config/quoted.hpp"
#include "config/reachable.hpp"
#include "config/section.hpp"
#include "config/sentinels.hpp"
#include "config/spoe_file.hpp"
#include "config/twemproxy.hpp"
#include "config/yaml_tree.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

namespace spoa::config {
namespace {

constexpr Range<std::chrono::milliseconds> lookup_interval_range{
    std::chrono::milliseconds(100), std::chrono::hours(1)};

Log read_log(const Section& root, Report& report)
{
    constexpr std::array<std::string_view, 4> level_words{"debug", "info", "warning", "error"};
    constexpr std::array levels{
        LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error};
    constexpr std::array<std::string_view, 2> format_words{"text", "json"};
    constexpr std::array formats{LogFormat::text, LogFormat::json};

    const auto section = root.section("log", {"level", "format"});
    Log out;
    if (const auto value = section.find("level"))
        if (const auto choice = read_choice(*value, level_words, report))
            out.level = levels.at(*choice);
    if (const auto value = section.find("format"))
        if (const auto choice = read_choice(*value, format_words, report))
            out.format = formats.at(*choice);
    return out;
}

std::string read_state_file(const Section& root, const Origin& origin, Report& report)
{
    const auto value = root.find("state_file");
    const auto name = value ? read_text(*value, report) : std::nullopt;
    if (!name)
        return {};
    if (name->empty()) {
        report.error(value->place(), value->name + ": the file name is empty");
        return {};
    }
    const auto file = origin.folder / *name;
    std::error_code ignored;
    const auto is_folder = [&](const std::filesystem::path& path) {
        return std::filesystem::is_directory(path.empty() ? "." : path, ignored);
    };
    const auto last = file.filename();
    if (last.empty() || last == "." || last == "..")
        report.error(
            value->place(), value->name + ": " + in_quotes(*name) + " is a folder; name a file");
    else if (is_folder(file))
        report.warning(
            value->place(),
            value->name + ": " + in_quotes(*name) +
                " is a folder: nothing can be remembered; name a file, or move the folder away");
    else if (!is_folder(file.parent_path()))
        report.error(
            value->place(),
            value->name + ": there is no folder " + in_quotes(file.parent_path().string()) +
                "; make it, for the agent's user to write to");
    return file.string();
}

// A peer that says one of these says nothing that the file does not.
void add_own_names(const Config& config)
{
    const auto add = [](const std::vector<verdict::Server>& servers) {
        for (const auto& [name, address] : servers) {
            add_own_name(name);
            add_own_name(address.host);
        }
    };
    for (const auto& sentinel : config.sentinels.addresses)
        add_own_name(sentinel.address.host);
    for (const auto& master : config.masters) {
        add_own_name(master.name);
        add(master.servers);
        add(master.connect);
    }
    for (const auto& [announced, reachable] : config.reachable) {
        add_own_name(announced.host);
        add_own_name(reachable.host);
    }
}

Config read_config(std::string_view text, const Origin& origin, Report& report)
{
    Config config;
    const auto tree = parse_yaml(text, report);
    if (!tree)
        return config;
    if (tree->kind != TreeNode::Kind::mapping) {
        report.error(tree->place, "expected settings (key: value), found a text or a list");
        return config;
    }

    const Section root(
        Value{"", tree},
        {"spop",
         "http",
         "sentinels",
         "masters",
         "haproxy",
         "twemproxy",
         "reachable",
         "state_file",
         "lookup_interval",
         "log"},
        report);
    read_listeners(root, config, report);
    config.sentinels = read_sentinels(root, origin, report);
    config.masters = read_masters(root, origin, report);
    config.haproxies = read_haproxies(root, config.masters, report);
    config.twemproxies = read_twemproxies(root, config.masters, origin, report);
    check_spoe_file(root, origin, config, report);
    config.log = read_log(root, report);
    config.reachable = read_reachable(root, config.masters, report);
    config.state_file = read_state_file(root, origin, report);
    if (const auto value = root.find("lookup_interval"))
        if (const auto interval = read_duration(*value, lookup_interval_range, report))
            config.lookup_interval = *interval;
    add_own_names(config);
    return config;
}

Loaded only(std::string text)
{
    return {{}, {{Severity::error, 0, 0, std::move(text)}}};
}

Loaded load(std::string_view text, const Origin& origin)
{
    try {
        Report report;
        auto config = read_config(text, origin, report);
        return {std::move(config), std::move(report).take()};
    } catch (const std::exception&) {  // no text of it: it could show what must not be seen
        return only("the configuration could not be read: out of memory or an internal error");
    }
}

}  // namespace

bool Loaded::has_errors() const
{
    return std::ranges::any_of(
        diagnostics, [](const Diagnostic& d) { return d.severity == Severity::error; });
}

Loaded load_file(const std::filesystem::path& path)
{
    const auto file = read_file(path, largest_text);
    if (!file)
        return only("cannot read the file: " + file.error().message());
    return load(file->text, {path.parent_path(), file->world_readable});
}

Loaded load_text(std::string_view text, const std::filesystem::path& folder)
{
    return load(text, {folder, false});
}

}  // namespace spoa::config
