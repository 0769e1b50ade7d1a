#pragma once

#include "base/bytes.hpp"
#include "base/descriptor.hpp"
#include "base/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/recycling_allocator.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

namespace spoa::net {

class ReadySocket;

// Watches the SPOP sockets of one worker by an epoll of their own, inside the event loop. A socket
// of Asio tries to read once more before it waits, a system call that finds nothing, and takes
// locks; at 150,000 verdicts a second that is a tenth of the time. Single-threaded.
class ReadySockets {
public:
    explicit ReadySockets(const boost::asio::any_io_executor& executor);

    // Wakes those who wait for what has come. Runs until cancelled.
    boost::asio::awaitable<void> run();

private:
    friend class ReadySocket;
    bool wake_some();

    boost::asio::posix::stream_descriptor epoll_;
};

// A connected socket that is watched there. One wait at a time.
class ReadySocket {
public:
    enum class Wait : std::uint8_t { read, write };

    // `all` must outlive this.
    ReadySocket(ReadySockets& all, Descriptor socket) : all_(all), socket_(std::move(socket)) {}
    ReadySocket(const ReadySocket&) = delete;
    ReadySocket& operator=(const ReadySocket&) = delete;
    ~ReadySocket();  // nobody may be waiting

    // Completes with (error_code) when reading, or writing, would not block, or never again would.
    template <class Token>
    auto async_wait(Wait what, Token&& token)
    {
        return boost::asio::async_initiate<Token, void(error_code)>(
            [this](auto handler, Wait wanted) {
                using Handler = std::decay_t<decltype(handler)>;
                auto slot = boost::asio::get_associated_cancellation_slot(handler);
                if (slot.is_connected())
                    slot.assign([this](boost::asio::cancellation_type) { cancel(); });
                wait(wanted, WaiterOf<Handler>::make(std::move(handler)));
            },
            token,
            what);
    }

    int native_handle() const { return socket_.get(); }

    // The wait, if there is one, ends soon with operation_aborted.
    void cancel();

    // What the kernel has, or takes, now: 0 is nothing, and the end of what the peer sends is eof.
    result<std::size_t> read_some(std::span<std::byte> space);
    result<std::size_t> write_some(ByteView bytes);

private:
    friend class ReadySockets;

    // Whoever waits, in memory that the event loop uses again and again.
    class Waiter {
    public:
        virtual void finish(const error_code& error) = 0;  // and is gone

    protected:
        ~Waiter() = default;
    };

    template <class Handler>
    class WaiterOf final : public Waiter {
    public:
        explicit WaiterOf(Handler handler) : handler_(std::move(handler)) {}

        static Waiter* make(Handler handler)
        {
            Memory memory;
            return std::construct_at(memory.allocate(1), std::move(handler));
        }
        void finish(const error_code& error) override
        {
            auto handler = std::move(handler_);
            Memory memory;
            std::destroy_at(this);
            memory.deallocate(this, 1);  // before the call, which likely waits anew
            std::move(handler)(error);
        }

    private:
        using Memory = boost::asio::recycling_allocator<WaiterOf>;
        Handler handler_;
    };

    void wait(Wait what, Waiter* waiter);
    error_code watch(std::optional<Wait> what);
    void finish_later(error_code error);
    void wake();

    ReadySockets& all_;
    Descriptor socket_;
    std::optional<Wait> watched_;  // what the epoll tells of
    Waiter* waiter_ = nullptr;
};

}  // namespace spoa::net
