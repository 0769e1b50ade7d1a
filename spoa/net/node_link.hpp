#pragma once

#include "base/endpoint.hpp"
#include "net/backoff.hpp"
#include "net/redis_connection.hpp"
#include "net/sentinel_link.hpp"
#include "node/reply_parser.hpp"
#include "verdict/evidence.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace spoa::net {

struct NodeSettings {
    Endpoint address;    // as the Sentinels announce it
    Endpoint reachable;  // where to connect: the same, but behind NAT
    std::string username;
    std::string password;  // empty: no AUTH
    const TlsClient* tls = nullptr;
    std::chrono::milliseconds query_timeout{250};

    bool operator==(const NodeSettings&) const = default;
};

// Hears what one data node says. `name` is the place of the monitored name, `node` that of the
// node among its servers. Called on the link's thread, one call at a time.
class NodeListener {
public:
    virtual ~NodeListener() = default;
    virtual void on_probe(std::size_t name, std::size_t node, const verdict::Probe& probe) = 0;
    virtual void on_info(std::size_t name, std::size_t node, const node::Info& info) = 0;
    // It cannot be asked; `reason` is a sentence, empty when it can again.
    virtual void on_trouble(std::size_t name, std::size_t node, const std::string& reason) = 0;
    // It answers ROLE and refuses INFO; `reason` is a sentence, empty when it answers that as well.
    virtual void on_no_info(std::size_t name, std::size_t node, const std::string& reason) = 0;
};

// One data node: a connection that asks ROLE five times a second and INFO once, opened again at
// once when it breaks, because a refused connection is news: the process is gone. What INFO adds is
// done without where it is refused: ROLE has what a verdict needs.
class NodeLink {
public:
    // `listener` must outlive it.
    NodeLink(
        boost::asio::any_io_executor executor, std::size_t name, std::size_t node,
        NodeSettings settings, NodeListener& listener);

    // Runs until cancelled.
    boost::asio::awaitable<void> run();

    const NodeSettings& settings() const { return settings_; }

    // Says nothing more to its listener: its task is about to be cancelled.
    void mute() { muted_ = true; }

    // Ask ROLE now. Call it on the link's thread.
    void ask_now();

private:
    boost::asio::awaitable<std::string> run_once();
    // The reply to AUTH; nil where there is no password.
    boost::asio::awaitable<result<resp::Value>> open(RedisConnection& connection);
    boost::asio::awaitable<result<std::vector<resp::Value>>> ask(
        RedisConnection& connection, bool with_info);
    void note_silence(const error_code& error);
    void take_role(const resp::Value& reply, std::chrono::steady_clock::time_point asked_at);

    boost::asio::any_io_executor executor_;
    std::size_t name_;
    std::size_t node_;
    NodeSettings settings_;
    NodeListener& listener_;
    boost::asio::steady_timer wake_;
    Backoff backoff_;
    verdict::Probe probe_;
    bool urgent_ = false;
    bool muted_ = false;
    std::chrono::steady_clock::time_point asked_at_;  // the last attempt of any kind
};

}  // namespace spoa::net
