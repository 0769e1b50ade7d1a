// The limit of any agent behind HAProxy: greets, answers health checks, and answers every NOTIFY by
// one set-var that never changes. It looks at nothing but the header of a frame.
#include "server.hpp"
#include "spop/ack.hpp"
#include "spop/frame_splitter.hpp"
#include "spop/hello.hpp"

#include <CLI/CLI.hpp>

#include <sys/socket.h>

#include <iostream>

using namespace spoa;

namespace {

constexpr std::uint32_t max_frame_size = 16'380;

struct Connection {
    bench::Descriptor socket;
    spop::FrameSplitter frames{max_frame_size};
};

// Appends the reply to one frame. False: nothing is left to say.
bool answer(ByteView frame, ByteView actions, Bytes& reply)
{
    const auto header = spop::take_frame_header(frame);
    if (!header)
        return false;
    if (header->type == spop::FrameType::notify) {
        spop::put_ack(reply, *header, actions);
        return true;
    }
    const auto offer = spop::parse_haproxy_hello(frame);
    if (header->type != spop::FrameType::haproxy_hello || !offer)
        return false;
    const auto agreement = spop::negotiate(*offer, max_frame_size);
    if (!agreement)
        return false;
    spop::put_agent_hello(reply, *agreement);
    return !agreement->healthcheck;
}

// One read, one write. False: the connection is over.
bool serve(Connection& connection, ByteView actions)
{
    static Bytes reply;
    const auto space = connection.frames.space();
    const auto read = recv(connection.socket.number(), space.data(), space.size(), 0);
    if (read <= 0)
        return false;
    connection.frames.commit(static_cast<std::size_t>(read));
    reply.clear();
    bool open = true;
    while (open) {
        const auto frame = connection.frames.next();
        if (frame && !*frame)
            break;
        open = frame && answer(**frame, actions, reply);
    }
    const auto sent = send(connection.socket.number(), reply.data(), reply.size(), MSG_NOSIGNAL);
    return open && sent == static_cast<ssize_t>(reply.size());
}

}  // namespace

int main(int argc, char** argv)
{
    CLI::App options("Answers every NOTIFY by one set-var, the same for ever");
    std::string address;
    std::string server;
    options.add_option("address", address, "HOST:PORT or unix:/path to listen on")->required();
    options.add_option("server", server, "the value of the variable `server`")->required();
    CLI11_PARSE(options, argc, argv);
    try {
        Bytes actions;
        spop::put_set_var(actions, spop::Scope::session, "server", std::string_view(server));
        bench::run_server<Connection>(bench::address_of(address), [&](Connection& connection) {
            return serve(connection, actions);
        });
    } catch (const std::exception& e) {
        std::cerr << e.what() << '\n';
        return 1;
    }
}
