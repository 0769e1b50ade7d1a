#pragma once

#include <span>
#include <string_view>

namespace spoa::haproxy_config {

// One file of the Lua module, whose sources in lua/ are part of the program.
struct LuaFile {
    std::string_view name;  // `lua/sentinel.lua`, which haproxy.cfg loads, and what that needs
    std::string_view content;
};

std::span<const LuaFile> lua_files();

}  // namespace spoa::haproxy_config
