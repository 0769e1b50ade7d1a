// Looks up host names, in /etc/hosts and by DNS, side by side: a name server that does not answer
// for one keeps nobody from another. c-ares does it, as getaddrinfo() cannot be cancelled and holds
// a thread meanwhile. Of /etc/nsswitch.conf only `files` and `dns` count.
#pragma once

#include "base/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution_context.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace spoa::net {

// Why a name has no address, in words that an operator can use.
enum class NameErrc { unknown = 1, no_answer, not_usable, too_few };
error_code make_name_error(NameErrc code);

// One for each io_context, which runs on one thread: get it with name_service().
class NameService final : public boost::asio::execution_context::service {
public:
    static inline boost::asio::execution_context::id id;

    using Addresses = std::vector<std::string>;  // IP addresses, sorted

    explicit NameService(boost::asio::execution_context& context);
    ~NameService() override;

    // Begins a look-up; one that is under way for this name will do. It ends with on_answer.
    void begin(const boost::asio::any_io_executor& executor, const std::string& name);

    // The same, and waits for the answer. Who is cancelled keeps no other from it.
    boost::asio::awaitable<result<Addresses>> look_up(std::string name);

    // What the last look-up that went well has found; empty before.
    const Addresses& last_known(const std::string& name) const;

    // Of a name that stands for several machines each address has a seat of its own from now on,
    // and keeps it as long as the name has the address.
    void keep_seats(const std::string& name, std::size_t count);
    // The address in this seat; empty while none is.
    std::string seat(const std::string& name, std::size_t number) const;

    // Called after each look-up, in the order in which they end.
    std::function<void(const std::string& name, const result<Addresses>& found)> on_answer;

private:
    struct Query;
    class Channel;

    void shutdown() noexcept override;
    void end(const std::string& name, result<Addresses> found);
    void take_seats(const std::string& name, const Addresses& found);

    std::shared_ptr<Channel> channel_;
    std::map<std::string, std::shared_ptr<Query>> under_way_;
    std::map<std::string, Addresses> known_;
    std::map<std::string, std::vector<std::string>> seats_;
};

NameService& name_service(const boost::asio::any_io_executor& executor);

}  // namespace spoa::net
