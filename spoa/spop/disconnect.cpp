#include "spop/disconnect.hpp"

#include "spop/error.hpp"
#include "spop/frame_header.hpp"
#include "spop/kv_list.hpp"

namespace spoa::spop {

DisconnectStatus disconnect_status(const error_code& error) noexcept
{
    if (error.category() != make_error_code(Errc::truncated).category())
        return DisconnectStatus::unknown_error;
    switch (static_cast<Errc>(error.value())) {
        case Errc::frame_too_big: return DisconnectStatus::too_big;
        case Errc::fragmented: return DisconnectStatus::fragmentation_not_supported;
        case Errc::no_version: return DisconnectStatus::no_version;
        case Errc::no_max_frame_size: return DisconnectStatus::no_max_frame_size;
        case Errc::no_capabilities: return DisconnectStatus::no_capabilities;
        case Errc::unsupported_version: return DisconnectStatus::unsupported_version;
        case Errc::bad_max_frame_size: return DisconnectStatus::bad_max_frame_size;
        case Errc::truncated:
        case Errc::varint_overflow:
        case Errc::frame_too_small:
        case Errc::bad_type:
        case Errc::unexpected_frame: break;
    }
    return DisconnectStatus::invalid;
}

void put_agent_disconnect(Bytes& out, DisconnectStatus status, std::string_view message)
{
    const auto start = begin_frame(out, {.type = FrameType::agent_disconnect});
    put_key_value(out, "status-code", static_cast<std::uint32_t>(status));
    put_key_value(out, "message", message);
    end_frame(out, start);
}

result<HaproxyDisconnect> parse_haproxy_disconnect(ByteView payload)
{
    HaproxyDisconnect disconnect;
    while (!payload.empty()) {
        const auto entry = take_key_value(payload);
        if (!entry)
            return entry.error();
        if (const auto* const code = std::get_if<std::uint32_t>(&entry->value);
            code && entry->name == "status-code")
            disconnect.status_code = *code;
        if (const auto* const message = std::get_if<std::string_view>(&entry->value);
            message && entry->name == "message")
            disconnect.message = *message;
    }
    return disconnect;
}

}  // namespace spoa::spop
