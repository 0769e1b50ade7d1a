#include "spop/kv_list.hpp"

namespace spoa::spop {

void put_key_value(Bytes& out, std::string_view name, const TypedData& value)
{
    put_string(out, name);
    put_typed_data(out, value);
}

result<KeyValue> take_key_value(ByteView& in)
{
    const auto name = take_string(in);
    if (!name)
        return name.error();
    const auto value = take_typed_data(in);
    if (!value)
        return value.error();
    return KeyValue{*name, *value};
}

}  // namespace spoa::spop
