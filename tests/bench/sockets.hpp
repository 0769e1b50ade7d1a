// The few system calls that every program here needs. A failure is an exception: a benchmark that
// cannot be set up has nothing to say.
#pragma once

#include "base/endpoint.hpp"

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>

namespace spoa::bench {

// A descriptor that closes itself.
class Descriptor {
public:
    explicit Descriptor(int number = -1) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept;
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor() { close(); }

    int number() const { return number_; }
    bool open() const { return number_ >= 0; }
    void close();

private:
    int number_;
};

// Takes `HOST:PORT`, HOST a numeric IPv4 address, and `unix:/path`.
SocketAddress address_of(const std::string& text);

// Sockets that do not block, TCP without Nagle's delay. connect_to waits for the connection, which
// on one machine is made at once or refused; `from` is the IPv4 address to connect from, 0: any.
Descriptor connect_to(const SocketAddress& to, std::uint32_t from = 0);
Descriptor listen_on(const SocketAddress& address);
// Not open when nobody is waiting.
Descriptor accept_from(const Descriptor& listener);

// As many descriptors as this process may have.
void raise_descriptor_limit();

// Level-triggered, for reading.
class Epoll {
public:
    Epoll();
    void add(const Descriptor& descriptor, std::uint64_t data);
    // What is ready; negative: without limit. The view lives until the next call.
    std::span<const epoll_event> wait(std::chrono::nanoseconds limit);

private:
    Descriptor epoll_;
    std::array<epoll_event, 1024> ready_;
};

}  // namespace spoa::bench
