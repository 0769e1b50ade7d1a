// The ways in which a haproxy.cfg can follow the verdict. docs/haproxy.md compares them.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace spoa::haproxy_config {

enum class Form {
    use_server,    // one backend of weight-0 servers; the verdict picks one by name
    backends,      // one backend a server, and an empty one for "no master"
    set_dst,       // one server without an address; the verdict is the address
    lua,           // as use_server, and Lua in HAProxy follows the agent: no question, no SPOE
    lua_fallback,  // as use_server, and Lua knows the verdict when the agent does not answer
};

inline constexpr std::array<std::pair<Form, std::string_view>, 5> form_names{{
    {Form::use_server, "use-server"},
    {Form::backends, "backends"},
    {Form::set_dst, "set-dst"},
    {Form::lua, "lua"},
    {Form::lua_fallback, "lua-fallback"},
}};

// Whether HAProxy asks the agent, once for each connection.
constexpr bool uses_spoe(Form form) noexcept
{
    return form != Form::lua;
}

// Whether HAProxy loads the Lua module, which follows the agent's events.
constexpr bool uses_lua(Form form) noexcept
{
    return form == Form::lua || form == Form::lua_fallback;
}

// The name on the command line, as in `--form use-server`.
constexpr std::string_view to_string(Form form) noexcept
{
    for (const auto& [known, name] : form_names)
        if (known == form)
            return name;
    return {};
}

constexpr std::optional<Form> find_form(std::string_view name) noexcept
{
    for (const auto& [form, known] : form_names)
        if (known == name)
            return form;
    return std::nullopt;
}

}  // namespace spoa::haproxy_config
