#pragma once

#include "net/task_group.hpp"
#include "net/timeout.hpp"
#include "resp/reader.hpp"
#include "sentinel/event_parser.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <list>
#include <map>
#include <string>
#include <vector>

namespace spoa::test {

inline std::string bulk(const std::string& text)
{
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

inline std::string array(const std::vector<std::string>& texts)
{
    std::string out = "*" + std::to_string(texts.size()) + "\r\n";
    for (const auto& text : texts)
        out += bulk(text);
    return out;
}

// A RESP server in the test's own event loop. Answers like a Sentinel that knows `mymaster`, but
// for what a test overrides by the first words of a command.
class ScriptedPeer {
public:
    explicit ScriptedPeer(boost::asio::io_context& context)
        : acceptor_(context, {boost::asio::ip::address_v4::loopback(), 0}),
          tasks_(context.get_executor(), [](std::exception_ptr e) { std::rethrow_exception(e); })
    {
        tasks_.spawn(accept());
    }
    ~ScriptedPeer() { tasks_.cancel(); }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    void publish(const std::string& channel, const std::string& payload)
    {
        for (auto& socket : subscribers)
            boost::asio::write(*socket, boost::asio::buffer(array({"message", channel, payload})));
    }

    std::map<std::string, std::string> answers;  // first words of a command -> reply, as bytes
    std::string address = "10.0.0.1";
    std::string epoch = "7";
    std::vector<std::string> commands;  // what was asked, in order
    std::list<boost::asio::ip::tcp::socket*> subscribers;
    int connections = 0;

    // Throws everybody out, as CLIENT KILL does; who comes again is let in.
    void hang_up()
    {
        for (auto* const socket : open_)
            socket->close();
    }

    // Ends like a process: the port and every connection are closed. What runs here is done when
    // idle() says so, and must be before the peer is destroyed.
    void close()
    {
        acceptor_.close();
        hang_up();
    }
    bool idle() const { return tasks_.size() == 0; }

private:
    boost::asio::awaitable<void> accept()
    {
        for (;;) {
            auto [error, socket] = co_await acceptor_.async_accept(net::as_result);
            if (error)
                co_return;
            ++connections;
            tasks_.spawn(converse(std::move(socket)));
        }
    }

    boost::asio::awaitable<void> converse(boost::asio::ip::tcp::socket socket)
    {
        const auto place = open_.insert(open_.end(), &socket);
        resp::Reader reader;
        std::array<char, 4096> chunk{};
        for (;;) {
            const auto [error, size] =
                co_await socket.async_read_some(boost::asio::buffer(chunk), net::as_result);
            if (error) {
                subscribers.remove(&socket);
                open_.erase(place);
                co_return;
            }
            reader.feed({chunk.data(), size});
            std::string out;
            for (auto value = reader.next(); value && *value; value = reader.next()) {
                std::string words;
                for (const auto& word : *(*value)->array())
                    words += (words.empty() ? "" : " ") + *word.text();
                commands.push_back(words);
                if (words.starts_with("SUBSCRIBE"))
                    subscribers.push_back(&socket);
                out += reply_to(words);
            }
            co_await boost::asio::async_write(socket, boost::asio::buffer(out), net::as_result);
        }
    }

    std::string reply_to(const std::string& words)
    {
        for (const auto& [start, reply] : answers)
            if (words.starts_with(start))
                return reply;
        if (words.starts_with("SUBSCRIBE")) {
            std::string out;
            for (std::size_t i = 0; i < sentinel::channels().size(); ++i)
                out += "*3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n";
            return out;
        }
        if (words == "SENTINEL MYID")
            return bulk(std::string(40, 'a'));
        if (words.starts_with("SENTINEL GET-MASTER-ADDR-BY-NAME"))
            return array({address, "6379"});
        if (words.starts_with("SENTINEL MASTER"))
            return array({"ip", address, "port", "6379", "flags", "master", "config-epoch", epoch});
        if (words == "PING")
            return "+PONG\r\n";
        return "+OK\r\n";
    }

    boost::asio::ip::tcp::acceptor acceptor_;
    net::TaskGroup tasks_;
    std::list<boost::asio::ip::tcp::socket*> open_;
};

}  // namespace spoa::test
