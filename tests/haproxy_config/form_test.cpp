#include "haproxy_config/form.hpp"

#include <doctest/doctest.h>

using namespace spoa::haproxy_config;

TEST_SUITE("haproxy_config/form")
{
    TEST_CASE("each form is found by its name")
    {
        CHECK(find_form("use-server") == Form::use_server);
        CHECK(find_form("backends") == Form::backends);
        CHECK(find_form("set-dst") == Form::set_dst);
        CHECK(find_form("lua") == Form::lua);
        CHECK(find_form("lua-fallback") == Form::lua_fallback);
        for (const auto& [form, name] : form_names)
            CHECK(find_form(to_string(form)) == form);
    }

    TEST_CASE("anything else is no form")
    {
        for (const auto* name : {"", "use_server", "Use-Server", "set-dst ", "backend"}) {
            CAPTURE(name);
            CHECK_FALSE(find_form(name));
        }
    }
}
