#pragma once

#include "base/endpoint.hpp"
#include "haproxy_api/master_cli.hpp"
#include "haproxy_api/read_wish.hpp"
#include "net/runtime_api_link.hpp"
#include "net/task_group.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace spoa::daemon {

// Ends the sessions of servers that reads leave, bit by bit, so that not all of their clients come
// to the other replicas at once. Maintenance, at the end, ends what is left: nothing depends on a
// reply here, and trouble with the socket is RuntimeApi's to tell. Silent while nothing drains.
class ReadDrains final : public net::RuntimeApiUser {
public:
    ReadDrains(const boost::asio::any_io_executor& executor, const SocketAddress& runtime_api)
        : link_(executor, runtime_api, *this)
    {}
    ReadDrains(const ReadDrains&) = delete;
    ReadDrains& operator=(const ReadDrains&) = delete;

    // `name` is the place of the monitored name.
    void add_backend(const std::string& backend, std::size_t name)
    {
        backends_[backend] = {name, {}};
    }
    net::TaskGroup::Task start(net::TaskGroup& tasks) { return tasks.spawn(link_.run()); }

    // Which servers of this name drain from now on.
    void want(std::size_t name, const haproxy_api::Drains& drains);

    std::chrono::steady_clock::time_point due() override;
    std::string commands() override;
    bool on_reply(const std::string& text) override;
    void on_failure(const std::string& reason) override;

private:
    struct Kept {
        std::size_t name = 0;
        haproxy_api::Drains drains;
    };
    using Place = std::pair<std::string, std::string>;  // backend, server

    bool anything_drains(std::chrono::steady_clock::time_point now) const;
    const haproxy_api::Drain* find_drain(const haproxy_api::SessionSeen& session) const;
    void take_sessions(const std::vector<haproxy_api::SessionSeen>& sessions);

    std::map<std::string, Kept, std::less<>> backends_;
    std::map<Place, std::uint64_t> at_first_;      // the sessions when the drain began
    std::deque<std::vector<std::string>> to_end_;  // ids, a line each
    bool listing_ = false;                         // the turn under way asks for the sessions
    std::chrono::steady_clock::time_point next_look_;
    net::RuntimeApiLink link_;
};

}  // namespace spoa::daemon
