#include "spop/ack.hpp"

#include <cassert>

namespace spoa::spop {
namespace {

enum class Action : std::uint8_t { set_var = 1, unset_var = 2 };

void put_action(
    Bytes& actions, Action action, std::uint8_t argument_count, Scope scope, std::string_view name)
{
    actions.push_back(static_cast<std::byte>(action));
    actions.push_back(static_cast<std::byte>(argument_count));
    actions.push_back(static_cast<std::byte>(scope));
    put_string(actions, name);
}

}  // namespace

void put_set_var(Bytes& actions, Scope scope, std::string_view name, const TypedData& value)
{
    put_action(actions, Action::set_var, 3, scope, name);
    put_typed_data(actions, value);
}

void put_unset_var(Bytes& actions, Scope scope, std::string_view name)
{
    put_action(actions, Action::unset_var, 2, scope, name);
}

void put_ack(Bytes& out, const FrameHeader& notify, ByteView actions)
{
    assert(!actions.empty());
    const auto start = begin_frame(
        out, {.type = FrameType::ack, .stream_id = notify.stream_id, .frame_id = notify.frame_id});
    append(out, actions);
    end_frame(out, start);
}

}  // namespace spoa::spop
