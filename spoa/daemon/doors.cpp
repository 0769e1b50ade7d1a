#include "daemon/doors.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace spoa::daemon {

Doors::Doors(
    boost::asio::io_context& context, const std::vector<SocketAddress>& addresses,
    Predecessor& predecessor)
    : context_(context)
{
    for (const auto& address : addresses)
        if (const auto fd = predecessor.take(address))
            doors_.push_back({address, std::make_shared<net::Listener>(context, address, *fd)});
    std::ranges::move(open(addresses), std::back_inserter(doors_));
}

void Doors::hand_over()
{
    for (const auto& door : doors_)
        door.listener->leave_path();
}

std::vector<Doors::Door> Doors::open(const std::vector<SocketAddress>& addresses)
{
    std::vector<Door> opened;
    for (const auto& address : addresses)
        if (std::ranges::count(doors_, address, &Door::address) == 0)
            opened.push_back({address, std::make_shared<net::Listener>(context_, address)});
    return opened;
}

void Doors::take(std::vector<Door> opened, const std::vector<SocketAddress>& addresses)
{
    if (tasks_)
        for (auto& door : opened)
            start(door);
    for (const auto& door : doors_)
        if (std::ranges::count(addresses, door.address) == 0)
            ending_.add(door.listener, std::vector{door.task});
    std::erase_if(
        doors_, [&](const Door& door) { return std::ranges::count(addresses, door.address) == 0; });
    std::ranges::move(opened, std::back_inserter(doors_));
}

void Doors::start(net::TaskGroup& tasks, Keep keep)
{
    tasks_ = &tasks;
    keep_ = std::move(keep);
    for (auto& door : doors_)
        start(door);
}

}  // namespace spoa::daemon
