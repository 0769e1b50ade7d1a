#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "spop/typed_data.hpp"

#include <string_view>

namespace spoa::spop {

// One entry of a KV-LIST: <KV-NAME:string> <KV-VALUE:typed>. Views into the frame.
struct KeyValue {
    std::string_view name;
    TypedData value;
};

void put_key_value(Bytes& out, std::string_view name, const TypedData& value);

// Takes one entry off the front of `in`. After an error `in` is unspecified.
[[nodiscard]] result<KeyValue> take_key_value(ByteView& in);

}  // namespace spoa::spop
