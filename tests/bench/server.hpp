#pragma once

#include "sockets.hpp"

#include <memory>
#include <vector>

namespace spoa::bench {

// Accepts for ever, and calls `serve(connection)` whenever something can be read from one; false
// ends that one. One thread, one epoll. Connection has a default constructor and a `socket`.
template <class Connection, class Serve>
[[noreturn]] void run_server(const SocketAddress& address, Serve serve)
{
    raise_descriptor_limit();
    const auto listener = listen_on(address);
    std::vector<std::unique_ptr<Connection>> connections;  // by descriptor
    Epoll epoll;
    epoll.add(listener, static_cast<std::uint64_t>(listener.number()));
    const auto accept = [&] {
        for (auto socket = accept_from(listener); socket.open(); socket = accept_from(listener)) {
            const auto place = static_cast<std::size_t>(socket.number());
            epoll.add(socket, place);
            if (connections.size() <= place)
                connections.resize(place + 1);
            connections[place] = std::make_unique<Connection>();
            connections[place]->socket = std::move(socket);
        }
    };
    for (;;) {
        for (const auto& event : epoll.wait(std::chrono::nanoseconds(-1))) {
            const auto place = event.data.u64;
            if (place == static_cast<std::uint64_t>(listener.number()))
                accept();
            else if (!serve(*connections[place]))
                connections[place].reset();
        }
    }
}

}  // namespace spoa::bench
