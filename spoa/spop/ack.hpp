// The actions of an ACK frame.
//
//   set-var    <1> <3> <VAR-SCOPE:1 byte> <VAR-NAME:string> <VAR-VALUE:typed>
//   unset-var  <2> <2> <VAR-SCOPE:1 byte> <VAR-NAME:string>
//
// HAProxy puts `PREFIX.` before the name and silently drops variables that its configuration
// does not mention. Specification: HAProxy doc/SPOE.txt, 3.2.7 and 3.4.
#pragma once

#include "base/bytes.hpp"
#include "spop/frame_header.hpp"
#include "spop/typed_data.hpp"

#include <cstdint>
#include <string_view>

namespace spoa::spop {

enum class Scope : std::uint8_t {
    process = 0,
    session = 1,
    transaction = 2,
    request = 3,
    response = 4,
};

void put_set_var(Bytes& actions, Scope scope, std::string_view name, const TypedData& value);
void put_unset_var(Bytes& actions, Scope scope, std::string_view name);

// The size of an ACK frame, without its length prefix, at most.
constexpr std::size_t largest_ack_size(std::size_t actions_size)
{
    constexpr std::size_t type_and_flags = 5;
    constexpr std::size_t two_varints = 20;
    return type_and_flags + two_varints + actions_size;
}

// Appends the whole ACK of a NOTIFY: its two ids, FIN, and actions encoded before. `actions`
// must not be empty: HAProxy 3.1.0 waits out its time limit on an empty ACK.
void put_ack(Bytes& out, const FrameHeader& notify, ByteView actions);

}  // namespace spoa::spop
