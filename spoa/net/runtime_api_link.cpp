#include "net/runtime_api_link.hpp"

#include "net/resolve.hpp"
#include "net/timeout.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace spoa::net {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto turn_limit = 1s;  // for all of it: connecting, the commands, the reply
constexpr auto first_retry = 100ms;
constexpr auto longest_retry = 2s;
constexpr std::size_t largest_reply = 16 << 20;

bool is_cancelled(asio::cancellation_state state)
{
    return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace

RuntimeApiLink::RuntimeApiLink(
    asio::any_io_executor executor, SocketAddress address, RuntimeApiUser& user, HaproxySocket kind)
    : executor_(std::move(executor)),
      address_(std::move(address)),
      user_(user),
      kind_(kind),
      wake_(executor_),
      backoff_(first_retry, longest_retry)
{}

asio::awaitable<void> RuntimeApiLink::run()
{
    for (auto not_before = Clock::now();;) {
        // What has just been decided is worth an attempt, whatever failed before.
        if (!std::exchange(woken_, false)) {
            wake_.expires_at(std::max(user_.due(), not_before));
            co_await wake_.async_wait(as_result);  // ends early by wake()
            if (is_cancelled(co_await asio::this_coro::cancellation_state))
                co_return;
            woken_ = false;
        }
        StreamSocket socket(executor_);
        const auto line = user_.commands();
        const auto reply = co_await with_timeout(turn_limit, ask(socket, line));
        if (is_cancelled(co_await asio::this_coro::cancellation_state))
            co_return;
        bool good = false;
        if (reply)
            good = user_.on_reply(*reply);
        else
            user_.on_failure(explain(reply.error()));
        if (good)
            backoff_.reset();
        not_before = good ? Clock::now() : Clock::now() + backoff_.next();
    }
}

void RuntimeApiLink::wake()
{
    woken_ = true;
    wake_.cancel();
}

asio::awaitable<result<std::string>> RuntimeApiLink::ask(
    StreamSocket& socket, const std::string& line)
{
    if (const auto connected = co_await connect(socket); !connected)
        co_return connected.error();
    if (const auto [error, _] = co_await asio::async_write(socket, asio::buffer(line), as_result);
        error)
        co_return error;
    error_code ignored;  // one that has closed already has answered
    socket.shutdown(StreamSocket::shutdown_send, ignored);
    std::string reply;
    const auto [error, _] =
        co_await asio::async_read(socket, asio::dynamic_buffer(reply, largest_reply), as_result);
    if (error == asio::error::eof)
        co_return reply;
    co_return error ? error : error_code(asio::error::message_size);  // the buffer is full
}

asio::awaitable<result<void>> RuntimeApiLink::connect(StreamSocket& socket)
{
    std::vector<StreamSocket::endpoint_type> candidates;
    if (address_.unix_path.empty()) {
        const auto found = co_await resolve(executor_, address_.tcp);
        if (!found)
            co_return found.error();
        candidates.assign(found->begin(), found->end());
    } else {
        candidates.emplace_back(asio::local::stream_protocol::endpoint(address_.unix_path));
    }
    const auto [error, _] = co_await asio::async_connect(socket, candidates, as_result);
    if (error)
        co_return error;
    co_return result<void>();
}

std::string RuntimeApiLink::explain(const error_code& error) const
{
    namespace errc = boost::system::errc;
    const bool is_path = !address_.unix_path.empty();
    const bool is_master = kind_ == HaproxySocket::master_cli;
    const auto where = is_path ? address_.unix_path : "ipv4@" + to_string(address_.tcp);
    if (error == errc::no_such_file_or_directory || error == asio::error::connection_refused)
        return "nobody listens there: start HAProxy, " +
               (is_master
                    ? "with -W and `-S " + where + "`"
                    : "or write `stats socket " + where + " level admin` in its section global");
    if (error == errc::permission_denied)
        return std::string(
                   "permission denied: let the agent's user be in the group of the socket, which ") +
               (is_master ? "`-S " + where + ",mode,660,group,NAME` of HAProxy's command line gives"
                          : "`group` on the `stats socket` line of haproxy.cfg gives");
    if (error == asio::error::timed_out)
        return "no complete answer within a second";
    if (error == asio::error::message_size)
        return "its answer is longer than 16 MiB";
    return error.message();
}

}  // namespace spoa::net
