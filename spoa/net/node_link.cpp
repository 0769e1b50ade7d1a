#include "net/node_link.hpp"

#include "net/timeout.hpp"
#include "net/tls_error.hpp"
#include "resp/command.hpp"

#include <string.h>

#include <utility>

namespace asio = boost::asio;

namespace spoa::net {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto connect_limit = 400ms;
constexpr auto role_period = 200ms;
constexpr auto info_period = 1s;
constexpr auto refused_period = 60s;  // of INFO, when it was refused
// Short: a process that dies may still accept for a moment, and until it refuses, connections are
// sent to it.
constexpr auto first_retry = 2ms;
constexpr auto longest_retry = 500ms;

// An error reply where an answer is needed, as a sentence with the remedy.
std::string trouble_in(const resp::Error& error)
{
    if (error.text.starts_with("NOAUTH"))
        return "it demands a password: set redis.password_file";
    if (error.text.starts_with("WRONGPASS") || error.text.starts_with("ERR AUTH"))
        return "it refuses the login: check redis.username and the password";
    if (error.text.starts_with("NOPERM"))
        return "its ACL forbids ROLE or INFO: docs/security.md has the rule";
    return "it answers an error: " + error.text.shown(80);
}

// The process is gone, or about to be. Whoever was only thrown out (CLIENT KILL) is let in again
// within a millisecond, and until then new connections had better wait.
bool is_refusal(const error_code& error)
{
    return error == asio::error::connection_refused || error == asio::error::eof ||
           error == asio::error::connection_reset || error == asio::error::broken_pipe;
}

bool is_cancelled(asio::cancellation_state state)
{
    return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace

NodeLink::NodeLink(
    asio::any_io_executor executor, std::size_t name, std::size_t node, NodeSettings settings,
    NodeListener& listener)
    : executor_(std::move(executor)),
      name_(name),
      node_(node),
      settings_(std::move(settings)),
      listener_(listener),
      wake_(executor_),
      backoff_(first_retry, longest_retry)
{
    probe_.address = settings_.address;
}

asio::awaitable<void> NodeLink::run()
{
    asio::steady_timer pause(executor_);
    for (;;) {
        const auto begun = Clock::now();
        const auto trouble = co_await run_once();
        if (is_cancelled(co_await asio::this_coro::cancellation_state))
            co_return;
        listener_.on_trouble(name_, node_, trouble);
        // One that broke after a while is opened again at once: only a refusal tells that the
        // process is gone.
        if (Clock::now() - begun > connect_limit)
            continue;
        pause.expires_after(backoff_.next());
        if (const auto [error] = co_await pause.async_wait(as_result); error)
            co_return;
    }
}

// Answers why the conversation ended.
asio::awaitable<std::string> NodeLink::run_once()
{
    RedisConnection connection(executor_, settings_.tls);
    asked_at_ = Clock::now();
    probe_.run_id = {};  // it may be another process
    const auto opened = co_await with_timeout(connect_limit, open(connection));
    if (muted_)
        co_return "stopping";
    if (!opened) {
        const auto error = connection.explain(opened.error());
        note_silence(error);
        co_return "connecting: " + error.message();
    }
    if (const auto* const refused = opened->error())
        co_return trouble_in(*refused);
    for (auto next_info = Clock::now();;) {
        asked_at_ = Clock::now();
        const bool with_info = asked_at_ >= next_info;
        if (with_info)
            next_info = asked_at_ + info_period;
        const auto replies =
            co_await with_timeout(settings_.query_timeout, ask(connection, with_info));
        if (muted_)
            co_return "stopping";
        if (!replies) {
            note_silence(replies.error());
            co_return "asking for its role: " + replies.error().message();
        }
        if (const auto* const error = replies->front().error())
            co_return trouble_in(*error);
        backoff_.reset();
        if (with_info) {
            const auto* const error = replies->back().error();
            listener_.on_no_info(name_, node_, error ? trouble_in(*error) : "");
            if (error)
                next_info = asked_at_ + refused_period;
            if (const auto info = node::parse_info(replies->back())) {
                verdict::hear_info(probe_, *info, asked_at_);
                listener_.on_info(name_, node_, *info);
            }
        }
        take_role(replies->front(), asked_at_);

        if (!std::exchange(urgent_, false)) {
            using namespace asio::experimental::awaitable_operators;
            wake_.expires_at(asked_at_ + role_period);
            // Ends early by ask_now, and when the node closes: a process that died is news.
            co_await (wake_.async_wait(as_result) || connection.readable());
            if (is_cancelled(co_await asio::this_coro::cancellation_state))
                co_return "stopping";
            urgent_ = false;
        }
    }
}

asio::awaitable<result<resp::Value>> NodeLink::open(RedisConnection& connection)
{
    if (const auto connected = co_await connection.connect(settings_.reachable); !connected)
        co_return connected.error();
    if (settings_.password.empty())
        co_return resp::Value{};
    std::string request;
    resp::put_auth(request, settings_.username, settings_.password);
    auto replies = co_await connection.ask(request, 1);
    ::explicit_bzero(request.data(), request.size());
    if (!replies)
        co_return replies.error();
    co_return std::move(replies->front());
}

asio::awaitable<result<std::vector<resp::Value>>> NodeLink::ask(
    RedisConnection& connection, bool with_info)
{
    std::string request;
    resp::put_command(request, {"ROLE"});
    if (with_info)
        resp::put_command(request, {"INFO"});
    co_return co_await connection.ask(request, with_info ? 2 : 1);
}

void NodeLink::ask_now()
{
    urgent_ = true;
    wake_.cancel();
}

void NodeLink::note_silence(const error_code& error)
{
    if (needs_operator(error))
        return;  // our set-up is wrong, which says nothing of the node
    if (!probe_.silent_since)
        probe_.silent_since = asked_at_;
    probe_.refused = probe_.refused || is_refusal(error);  // until it answers
    listener_.on_probe(name_, node_, probe_);
}

void NodeLink::take_role(const resp::Value& reply, Clock::time_point asked_at)
{
    verdict::hear_role(probe_, node::parse_role(reply).value_or(node::RoleReply()), asked_at);
    listener_.on_trouble(name_, node_, {});
    listener_.on_probe(name_, node_, probe_);
}

}  // namespace spoa::net
