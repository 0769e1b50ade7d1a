#include "ack_check.hpp"

#include "spop/ack.hpp"
#include "spop/frame_header.hpp"
#include "spop/typed_data.hpp"

#include <string_view>
#include <variant>

namespace spoa::bench {
namespace {

constexpr std::byte set_var{1};
constexpr std::byte unset_var{2};
constexpr auto session = static_cast<std::byte>(spop::Scope::session);

struct Said {
    std::string_view state;
    std::string_view server;
};

void note(Said& said, std::string_view name, const spop::TypedData& value)
{
    const auto* const text = std::get_if<std::string_view>(&value);
    if (name == "state" && text)
        said.state = *text;
    if (name == "server" && text)
        said.server = *text;
}

// Takes one action off the front; the fault, or empty.
std::string take_action(ByteView& actions, Said& said)
{
    if (actions.size() < 3)
        return "half an action";
    const auto kind = actions[0];
    if (kind != set_var && kind != unset_var)
        return "an unknown action";
    if (actions[1] != (kind == set_var ? std::byte{3} : std::byte{2}))
        return "an action with a wrong number of arguments";
    if (actions[2] != session)
        return "a variable outside the session";
    actions = actions.subspan(3);
    const auto name = spop::take_string(actions);
    if (!name || name->empty())
        return "a variable without a name";
    if (kind == unset_var)
        return {};
    const auto value = spop::take_typed_data(actions);
    if (!value)
        return "a value that cannot be read";
    note(said, *name, *value);
    return {};
}

}  // namespace

std::string fault_of_ack(ByteView frame, const Expected& expected)
{
    const auto header = spop::take_frame_header(frame);
    if (!header)
        return "no frame header";
    if (header->type != spop::FrameType::ack)
        return "type " + std::to_string(static_cast<unsigned>(header->type)) + ", no ACK";
    if (header->flags != spop::flag_fin)
        return "flags " + std::to_string(header->flags) + ", not FIN alone";
    if (header->stream_id != expected.stream_id || header->frame_id != 1)
        return "the ids " + std::to_string(header->stream_id) + '/' +
               std::to_string(header->frame_id) + " instead of " +
               std::to_string(expected.stream_id) + "/1";
    if (frame.empty())
        return "no action";
    Said said;
    while (!frame.empty())
        if (auto fault = take_action(frame, said); !fault.empty())
            return fault;
    if (!expected.state.empty() && said.state != expected.state)
        return "the state '" + std::string(said.state) + "'";
    if (!expected.server.empty() && said.server != expected.server)
        return "the server '" + std::string(said.server) + "'";
    return {};
}

}  // namespace spoa::bench
