#include "frames.hpp"

#include "spop/frame_header.hpp"
#include "spop/kv_list.hpp"

namespace spoa::bench {

Bytes hello_frame()
{
    Bytes frame;
    const auto start = spop::begin_frame(frame, {.type = spop::FrameType::haproxy_hello});
    spop::put_key_value(frame, "supported-versions", std::string_view("2.0"));
    spop::put_key_value(frame, "max-frame-size", std::uint32_t{16'380});
    spop::put_key_value(frame, "capabilities", std::string_view("pipelining"));
    spop::put_key_value(
        frame, "engine-id", std::string_view("0e5a3b1c-7d2f-4a68-9b1e-2f6c8d4a7e90"));
    spop::end_frame(frame, start);
    return frame;
}

Bytes notify_frame(std::uint64_t stream_id, std::string_view name, std::string_view role)
{
    Bytes frame;
    const auto start = spop::begin_frame(
        frame, {.type = spop::FrameType::notify, .stream_id = stream_id, .frame_id = 1});
    spop::put_string(frame, "sentinel-verdict");
    frame.push_back(static_cast<std::byte>((name.empty() ? 0 : 1) + (role.empty() ? 0 : 1)));
    if (!name.empty())
        spop::put_key_value(frame, "master", name);
    if (!role.empty())
        spop::put_key_value(frame, "role", role);
    spop::end_frame(frame, start);
    return frame;
}

}  // namespace spoa::bench
