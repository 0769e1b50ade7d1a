#include "spop/hello.hpp"

#include "spop/error.hpp"
#include "spop/frame_header.hpp"
#include "spop/kv_list.hpp"

#include <algorithm>
#include <optional>

namespace spoa::spop {
namespace {

constexpr std::string_view our_version = "2.0";

std::string_view trimmed(std::string_view text)
{
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// Whether some item of a comma-separated list satisfies `wanted`.
template <class Predicate>
bool any_item(std::string_view list, Predicate wanted)
{
    while (!list.empty()) {
        const auto comma = list.find(',');
        if (wanted(trimmed(list.substr(0, comma))))
            return true;
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
    return false;
}

// "When a major version is announced, all previous minor versions are supported": any 2.x has 2.0.
bool is_version_2(std::string_view version)
{
    return version.starts_with("2.") && version.size() > 2;
}

// Stores a value of the one type that `into` takes; any other type is an error.
template <class T>
error_code store(const TypedData& value, std::optional<T>& into)
{
    const auto* const held = std::get_if<T>(&value);
    if (!held)
        return Errc::bad_type;
    into = *held;
    return {};
}

}  // namespace

result<HaproxyHello> parse_haproxy_hello(ByteView payload)
{
    std::optional<std::string_view> versions;
    std::optional<std::uint32_t> max_frame_size;
    std::optional<std::string_view> capabilities;
    std::optional<bool> healthcheck;
    std::optional<std::string_view> engine_id;

    while (!payload.empty()) {
        const auto entry = take_key_value(payload);
        if (!entry)
            return entry.error();
        error_code wrong;
        if (entry->name == "supported-versions")
            wrong = store(entry->value, versions);
        else if (entry->name == "max-frame-size")
            wrong = store(entry->value, max_frame_size);
        else if (entry->name == "capabilities")
            wrong = store(entry->value, capabilities);
        else if (entry->name == "healthcheck")
            wrong = store(entry->value, healthcheck);
        else if (entry->name == "engine-id")
            wrong = store(entry->value, engine_id);
        if (wrong)
            return wrong;
    }
    if (!versions)
        return Errc::no_version;
    if (!max_frame_size)
        return Errc::no_max_frame_size;
    if (!capabilities)
        return Errc::no_capabilities;
    return HaproxyHello{
        *versions,
        *max_frame_size,
        *capabilities,
        healthcheck.value_or(false),
        engine_id.value_or(std::string_view())};
}

result<Agreement> negotiate(const HaproxyHello& offer, std::uint32_t own_max_frame_size)
{
    if (!any_item(offer.supported_versions, is_version_2))
        return Errc::unsupported_version;
    if (offer.max_frame_size < smallest_max_frame_size)
        return Errc::bad_max_frame_size;
    Agreement agreement;
    agreement.max_frame_size = std::min(offer.max_frame_size, own_max_frame_size);
    agreement.healthcheck = offer.healthcheck;
    agreement.pipelining =
        any_item(offer.capabilities, [](std::string_view item) { return item == "pipelining"; });
    return agreement;
}

void put_agent_hello(Bytes& out, const Agreement& agreement)
{
    const auto start = begin_frame(out, {.type = FrameType::agent_hello});
    put_key_value(out, "version", our_version);
    put_key_value(out, "max-frame-size", agreement.max_frame_size);
    put_key_value(out, "capabilities", std::string_view(agreement.pipelining ? "pipelining" : ""));
    end_frame(out, start);
}

}  // namespace spoa::spop
