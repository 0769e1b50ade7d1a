#pragma once

#include "base/endpoint.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace spoa::net {

// The IP addresses of host names, so that a name and its address compare equal: where a Sentinel
// has `resolve-hostnames`, some say one and some the other.
//
// Of several addresses one is chosen: that of before as long as the name still has it, so that a
// name server that turns its answers round changes nothing; else the first of IPv4, else the
// first. Single-threaded.
class HostTable {
public:
    static constexpr std::chrono::seconds refresh_period{30};
    static constexpr std::chrono::seconds retry_period{2};  // of a name that has no address yet

    explicit HostTable(boost::asio::any_io_executor executor);

    // The endpoint with the IP address of its host; as it is while none is known. A name that is
    // new is looked up at once.
    Endpoint canonical(const Endpoint& endpoint);

    // All IP addresses that are known of a host; the host itself when it is one.
    std::vector<std::string> addresses(const std::string& host);

    // Looks up names until cancelled. A failure keeps the address that was known.
    boost::asio::awaitable<void> run();

    // Called when a name has got its first or other addresses. `moved`: canonical() gives another
    // one than before.
    std::function<void(bool moved)> on_change = [](bool) {};

private:
    using Clock = std::chrono::steady_clock;

    struct Host {
        std::string address;  // the chosen one; empty: none known
        std::vector<std::string> all;
        Clock::time_point due;  // for the next look-up
    };
    using Hosts = std::map<std::string, Host>;  // by name, in lower case

    const Host& known(const std::string& host);
    boost::asio::awaitable<void> look_up(Hosts::value_type& entry);

    boost::asio::any_io_executor executor_;
    boost::asio::steady_timer wake_;
    Hosts hosts_;
};

}  // namespace spoa::net
