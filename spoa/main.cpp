#include "base/printable.hpp"
#include "cli/command_line.hpp"
#include "cli/explain.hpp"
#include "cli/status.hpp"
#include "cli/twemproxy.hpp"
#include "config/load.hpp"
#include "daemon/lock_process.hpp"
#include "daemon/make_tls.hpp"
#include "daemon/run.hpp"
#include "haproxy_config/generate.hpp"
#include "telemetry/log.hpp"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace spoa;
namespace fs = std::filesystem;

namespace {

constexpr const char* version = SPOA_VERSION;
constexpr const char* program_name = "sentinel-spoa: ";

// Thrown when the configuration has errors, which are on stderr by then.
struct BadConfiguration {};

void print_line(std::string_view line)
{
    std::fprintf(stderr, "%s\n", std::string(line).c_str());
}

// Loads `file`, which has secrets, and tells all that is wrong with it, and with `notes` how it is
// understood.
config::Config load(
    const fs::path& file, bool notes = false, void (*tell)(std::string_view) = print_line)
{
    daemon::lock_process();
    auto loaded = config::load_file(file);
    for (const auto& diagnostic : loaded.diagnostics)
        if (notes || diagnostic.severity != config::Severity::note)
            tell(to_string(diagnostic, file));
    if (loaded.has_errors())
        throw BadConfiguration();
    return std::move(loaded.config);
}

void write_file(const fs::path& path, const std::string& content)
{
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << content;
    out.close();
    if (!out)
        throw std::runtime_error(
            "cannot write " + path.string() + ": is the folder there and writable?");
}

// Whatever it has to say is part of the log: neither its start nor its end waits for a reader.
int execute(const cli::Run& command)
{
    int code = cli::exit_good;
    try {
        daemon::run(load(command.file, false, telemetry::write_plain), command.file, version);
    } catch (const BadConfiguration&) {
        code = cli::exit_failed;
    } catch (const std::exception& e) {
        telemetry::write_plain(std::string(program_name) + e.what());
        code = cli::exit_failed;
    }
    telemetry::flush_log();
    return code;
}

int execute(const cli::Check& command)
{
    daemon::check_tls(load(command.file, true));
    return cli::exit_good;
}

int execute(const cli::Status& command)
{
    return cli::show_status(command.url, command.json, command.watch);
}

int execute(const cli::Explain& command)
{
    return cli::explain_name(command.url, command.name, command.json);
}

int execute(const cli::HaproxyConfig& command)
{
    const auto folder = fs::absolute(command.output_folder).lexically_normal();
    const auto files =
        haproxy_config::generate(load(command.file, true), command.form, folder.string());
    if (!files)
        throw std::runtime_error(files.error());
    for (const auto& [name, content] : *files) {
        if (const auto below = fs::path(name).parent_path(); !below.empty())
            fs::create_directories(folder / below);
        write_file(folder / name, content);
        std::printf("%s\n", (folder / name).c_str());
    }
    return cli::exit_good;
}

int execute(const cli::TwemproxyCheck& command)
{
    if (const auto migrated = cli::migrate_smitty(command.file)) {
        std::fputs(migrated->c_str(), stdout);
        return cli::exit_good;
    }
    return cli::check_twemproxy(load(command.file));
}

int execute(const cli::Exit& command)
{
    std::fputs(command.text.c_str(), command.code == cli::exit_good ? stdout : stderr);
    return command.code;
}

}  // namespace

int main(int argc, char* argv[])
{
    try {
        return std::visit(
            [](const auto& command) { return execute(command); },
            cli::parse_command_line(argc, argv, version));
    } catch (const BadConfiguration&) {
        return cli::exit_failed;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s%s\n", program_name, printable(e.what()).c_str());
        return cli::exit_failed;
    }
}
