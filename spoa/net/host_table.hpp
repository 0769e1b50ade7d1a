#pragma once

#include "base/endpoint.hpp"
#include "net/name_service.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace spoa::net {

// The IP addresses of the host names that matter, kept up to date: each is looked up at first
// sight, then regularly, and whenever somebody connects to it or asks for it.
//
// Of several addresses of one family one is chosen: that of before as long as the name still has
// it, so that a name server that turns its answers round changes nothing; else the first. A failure
// keeps what was known. Single-threaded; one for each io_context.
//
// Names of the configuration are kept. Of those that only a peer has said, a bounded number is,
// each until nobody has said it for a while; one too many has no address.
class HostTable {
public:
    // So long a name is waited for at first sight. One without an address then has none.
    static constexpr std::chrono::milliseconds first_wait{1'000};
    // Of all names together at most so many look-ups a second come from the table itself.
    static constexpr unsigned most_a_second = 100;

    static constexpr std::size_t most_strangers = 1'000;
    static constexpr std::chrono::seconds stranger_stays{60};

    explicit HostTable(boost::asio::any_io_executor executor);
    ~HostTable();

    // Between two look-ups of a name, when nothing else asks for one.
    void set_period(std::chrono::milliseconds period) { period_ = period; }

    // These hosts, and no others, are in the configuration.
    void configure(const std::vector<std::string>& hosts);

    // The endpoint with the IP address of its host; as it is while none is known.
    Endpoint canonical(const Endpoint& endpoint);

    // The IP addresses of a host, one a family, IPv4 first; itself when it is one.
    std::vector<std::string> addresses(const std::string& host);

    // False while it is worth waiting for the first answer about this host.
    bool is_settled(const std::string& host);

    // True when no host is waited for: almost always, and quickly told.
    bool all_settled() const { return unanswered_ == 0; }

    // Looks the host up now, if it is a name and was not looked up in the last 100 ms.
    void refresh(const std::string& host);

    // Looks up names until cancelled.
    boost::asio::awaitable<void> run();

    // Called when a name has got other addresses, or its first answer at all, be it that there is
    // none. `before`: the addresses that it had, and has no more.
    using OnChange =
        std::function<void(const std::string& host, const std::vector<std::string>& before)>;
    OnChange on_change = [](const std::string&, const std::vector<std::string>&) {};

private:
    using Clock = std::chrono::steady_clock;

    struct Host {
        std::string v4;  // the chosen one; empty: none
        std::string v6;
        bool answered = false;
        bool configured = false;
        Clock::time_point named_at;
        Clock::time_point first_seen = Clock::now();
        Clock::time_point asked_at;  // never before: the epoch
    };
    using Hosts = std::unordered_map<std::string, Host>;  // by name, in lower case

    Hosts::value_type* known(const std::string& host);
    Hosts::value_type& add(const std::string& name);
    bool is_forgotten(const Host& host) const;
    std::vector<Hosts::value_type*> take_due();
    void look_up(Hosts::value_type& entry);
    void take(const std::string& name, const result<NameService::Addresses>& found);

    boost::asio::any_io_executor executor_;
    boost::asio::steady_timer wake_;
    std::chrono::milliseconds period_{2'000};
    Hosts hosts_;
    std::size_t strangers_ = 0;
    std::size_t unanswered_ = 0;
};

}  // namespace spoa::net
