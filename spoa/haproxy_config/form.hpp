// The ways in which a haproxy.cfg can follow the verdict. docs/haproxy.md compares them.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace spoa::haproxy_config {

enum class Form {
    use_server,  // one backend of weight-0 servers; the verdict picks one by name
    backends,    // one backend a server, and an empty one for "no master"
    set_dst,     // one server without an address; the verdict is the address
};

inline constexpr std::array<std::pair<Form, std::string_view>, 3> form_names{{
    {Form::use_server, "use-server"},
    {Form::backends, "backends"},
    {Form::set_dst, "set-dst"},
}};

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
