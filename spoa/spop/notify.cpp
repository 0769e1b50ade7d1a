#include "spop/notify.hpp"

#include "spop/error.hpp"
#include "spop/typed_data.hpp"

namespace spoa::spop {

result<MessageHeader> take_message_header(ByteView& payload)
{
    const auto name = take_string(payload);
    if (!name)
        return name.error();
    if (payload.empty())
        return Errc::truncated;
    const auto count = std::to_integer<std::uint8_t>(payload[0]);
    payload = payload.subspan(1);
    return MessageHeader{*name, count};
}

}  // namespace spoa::spop
