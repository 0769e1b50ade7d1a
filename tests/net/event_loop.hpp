#pragma once

#include "net/task_group.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <functional>

namespace spoa::test {

// One thread in which a link and its scripted peer run, as far as the test lets them.
struct EventLoop {
    boost::asio::io_context context{1};
    net::TaskGroup tasks{
        context.get_executor(), [](std::exception_ptr e) { std::rethrow_exception(e); }};

    // Runs until `condition` holds, or three seconds.
    bool await(const std::function<bool()>& condition)
    {
        using namespace std::chrono_literals;
        const auto limit = std::chrono::steady_clock::now() + 3s;
        while (!condition() && std::chrono::steady_clock::now() < limit)
            context.run_one_for(10ms);
        return condition();
    }

    // Ends the link and the peer; both must be done before they are destroyed.
    template <class Peer>
    void end(Peer& peer)
    {
        tasks.cancel();
        peer.close();
        await([&] { return tasks.size() == 0 && peer.idle(); });
    }
};

}  // namespace spoa::test
