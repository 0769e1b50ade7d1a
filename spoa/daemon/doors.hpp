#pragma once

#include "base/endpoint.hpp"
#include "daemon/ending.hpp"
#include "daemon/upgrade.hpp"
#include "net/listener.hpp"
#include "net/task_group.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace spoa::daemon {

// The listening sockets of one kind, which a reload may exchange while they are in use.
class Doors {
public:
    struct Door {
        SocketAddress address;
        std::shared_ptr<net::Listener> listener;
        net::TaskGroup::Task task{};
    };
    // Runs a listener until it is cancelled.
    using Keep = std::function<boost::asio::awaitable<void>(net::Listener&)>;

    // Opens what `predecessor` does not leave us. Throws as net::Listener does.
    Doors(
        boost::asio::io_context& context, const std::vector<SocketAddress>& addresses,
        Predecessor& predecessor);

    // Another process goes on with the sockets.
    void hand_over();

    // Opens those of `addresses` that are not open. Throws as net::Listener does; nothing has
    // changed then.
    std::vector<Door> open(const std::vector<SocketAddress>& addresses);

    // Takes over what open() answered, and closes what is not among `addresses`.
    void take(std::vector<Door> opened, const std::vector<SocketAddress>& addresses);

    // Lets connections in from now on, at those that are taken later, too.
    void start(net::TaskGroup& tasks, Keep keep);

    void sweep() { ending_.sweep(); }
    void clear() { doors_.clear(); }
    const std::vector<Door>& all() const { return doors_; }

private:
    void start(Door& door) { door.task = tasks_->spawn(keep_(*door.listener)); }

    boost::asio::io_context& context_;
    net::TaskGroup* tasks_ = nullptr;
    Keep keep_;
    std::vector<Door> doors_;
    Ending ending_;
};

}  // namespace spoa::daemon
