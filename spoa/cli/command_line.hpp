// The commands of sentinel-spoa and their options. Nothing here prints or exits: main does.
#pragma once

#include "haproxy_config/form.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

namespace spoa::cli {

// sentinel-spoa -f FILE
struct Run {
    std::filesystem::path file;
};

// sentinel-spoa -c -f FILE
struct Check {
    std::filesystem::path file;
};

// sentinel-spoa status
struct Status {
    std::string url = "http://127.0.0.1:9005";
    bool json = false;
    bool watch = false;
};

// sentinel-spoa explain NAME
struct Explain {
    std::string name;
    std::string url = "http://127.0.0.1:9005";
    bool json = false;
};

// sentinel-spoa haproxy-config -f FILE
struct HaproxyConfig {
    std::filesystem::path file;
    haproxy_config::Form form = haproxy_config::Form::use_server;
    std::filesystem::path output_folder = ".";
};

// sentinel-spoa twemproxy --check CONFIG
struct TwemproxyCheck {
    std::filesystem::path file;
};

// Nothing to do but to say `text`, on stdout with code 0 and on stderr otherwise, and to exit.
struct Exit {
    int code = 0;
    std::string text;
};

inline constexpr int exit_good = 0;
inline constexpr int exit_failed = 1;  // the configuration or the run
inline constexpr int exit_usage = 2;

using Command = std::variant<Run, Check, Status, Explain, HaproxyConfig, TwemproxyCheck, Exit>;

// `version` is what -V shows after the name of the program.
Command parse_command_line(int argc, const char* const* argv, std::string_view version);

}  // namespace spoa::cli
