// HAProxy's side of a conversation: the frames it sends, and what it reads from the answers.
#pragma once

#include "base/bytes.hpp"
#include "spop/wire.hpp"

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::test {

// The items of a HAPROXY-HELLO as typed values; an empty one is not sent.
struct Offer {
    Bytes versions = typed_text("2.0");
    Bytes max_frame_size = typed_u32(16'380);
    Bytes capabilities = typed_text("pipelining");
    Bytes healthcheck = {};
    Bytes engine_id = {};
};

inline Bytes hello_payload(const Offer& offer = {})
{
    Bytes payload;
    const auto put = [&](std::string_view name, const Bytes& value) {
        if (!value.empty())
            append(payload, item(name, value));
    };
    put("supported-versions", offer.versions);
    put("max-frame-size", offer.max_frame_size);
    put("capabilities", offer.capabilities);
    put("healthcheck", offer.healthcheck);
    put("engine-id", offer.engine_id);
    return payload;
}

inline Bytes haproxy_hello(const Offer& offer = {})
{
    return frame(1, hello_payload(offer));
}

inline Bytes haproxy_disconnect()
{
    return frame(
        2, join({item("status-code", typed_u32(0)), item("message", typed_text("normal"))}));
}

// One message of a NOTIFY with its arguments, each made by item().
inline Bytes message(std::string_view name, const std::vector<Bytes>& arguments = {})
{
    auto out = join({text(name), {static_cast<std::byte>(arguments.size())}});
    for (const auto& argument : arguments)
        append(out, argument);
    return out;
}

// The message that is ours.
inline Bytes question(const std::vector<Bytes>& arguments = {})
{
    return message("sentinel-verdict", arguments);
}

inline Bytes question_about(std::string_view master)
{
    return question({item("master", typed_text(master))});
}

inline Bytes notify(const Bytes& messages, std::uint64_t stream_id = 1, std::uint64_t frame_id = 1)
{
    return frame(3, messages, 1, stream_id, frame_id);
}

// A frame that the agent sent, taken apart.
struct AgentFrame {
    unsigned type = 0;
    std::uint32_t flags = 0;
    std::uint64_t stream_id = 0;
    std::uint64_t frame_id = 0;
    Bytes payload;
    std::size_t size = 0;  // without the length prefix
};

inline std::vector<AgentFrame> frames_in(ByteView bytes)
{
    std::vector<AgentFrame> frames;
    for (Cursor all(bytes); !all.at_end();) {
        AgentFrame made;
        made.size = all.u32();
        Cursor one(all.take(made.size));
        made.type = one.byte();
        made.flags = one.u32();
        made.stream_id = one.varint();
        made.frame_id = one.varint();
        made.payload = {one.rest().begin(), one.rest().end()};
        frames.push_back(std::move(made));
    }
    return frames;
}

// A typed value as `TYPE VALUE`, to compare and to print.
inline std::string take_value(Cursor& in)
{
    const auto head = in.byte();
    switch (head & 0x0f) {
        case 0: return "null";
        case 1: return (head & 0x10) != 0 ? "bool true" : "bool false";
        case 2: return "int32 " + std::to_string(static_cast<std::int32_t>(in.varint()));
        case 3: return "uint32 " + std::to_string(in.varint());
        case 4: return "int64 " + std::to_string(static_cast<std::int64_t>(in.varint()));
        case 5: return "uint64 " + std::to_string(in.varint());
        case 6: {
            std::string out = "ipv4";
            for (int i = 0; i < 4; ++i)
                out += (i == 0 ? " " : ".") + std::to_string(in.byte());
            return out;
        }
        case 7: {
            constexpr std::string_view digits = "0123456789abcdef";
            std::string out = "ipv6 ";
            for (int i = 0; i < 16; ++i) {
                const auto byte = in.byte();
                out += {digits[byte / 16], digits[byte % 16]};
            }
            return out;
        }
        case 8: return "string " + in.text();
        case 9: return "binary " + in.text();
        default: throw std::runtime_error("a value of an unknown type");
    }
}

// Variable → value, or `unset`.
using Variables = std::map<std::string, std::string>;

// The actions of an ACK. Throws on an action that HAProxy would not take, on a variable outside
// the session scope and on one that is named twice.
inline Variables variables_in(ByteView actions)
{
    constexpr unsigned set_var = 1;
    constexpr unsigned unset_var = 2;
    constexpr unsigned session = 1;
    Variables variables;
    for (Cursor in(actions); !in.at_end();) {
        const auto action = in.byte();
        const auto argument_count = in.byte();
        if (action != set_var && action != unset_var)
            throw std::runtime_error("an unknown action");
        if (argument_count != (action == set_var ? 3U : 2U))
            throw std::runtime_error("an action with a wrong number of arguments");
        if (in.byte() != session)
            throw std::runtime_error("a variable of another scope than the session's");
        const auto name = in.text();
        if (!variables.emplace(name, action == set_var ? take_value(in) : "unset").second)
            throw std::runtime_error("two actions on " + name);
    }
    return variables;
}

// The items of an AGENT-HELLO or AGENT-DISCONNECT.
inline Variables items_in(ByteView payload)
{
    Variables items;
    for (Cursor in(payload); !in.at_end();) {
        const auto name = in.text();
        if (!items.emplace(name, take_value(in)).second)
            throw std::runtime_error("two items named " + name);
    }
    return items;
}

}  // namespace spoa::test
