// The limit of this machine: a server that reads, and for every REQUEST bytes it has read writes
// REPLY bytes, whatever they are. One thread, one epoll, one read and one write a turn.
#include "server.hpp"

#include <CLI/CLI.hpp>

#include <sys/socket.h>

#include <iostream>
#include <vector>

using namespace spoa;

namespace {

struct Connection {
    bench::Descriptor socket;
    std::size_t unanswered = 0;  // bytes of a request that is not whole yet
};

// False: the peer has left, or does not read.
bool serve(Connection& connection, std::size_t request, std::size_t reply)
{
    static std::vector<char> in(65'536);
    static std::vector<char> out;
    const auto read = recv(connection.socket.number(), in.data(), in.size(), 0);
    if (read <= 0)
        return false;
    const auto all = connection.unanswered + static_cast<std::size_t>(read);
    connection.unanswered = all % request;
    const auto size = all / request * reply;
    if (size == 0)
        return true;
    if (out.size() < size)
        out.resize(size);
    const auto sent = send(connection.socket.number(), out.data(), size, MSG_NOSIGNAL);
    return sent == static_cast<ssize_t>(size);
}

}  // namespace

int main(int argc, char** argv)
{
    CLI::App options("The limit of this machine: answers every REQUEST bytes by REPLY bytes");
    std::string address;
    std::size_t request = 0;
    std::size_t reply = 0;
    options.add_option("address", address, "HOST:PORT or unix:/path to listen on")->required();
    options.add_option("--request", request)->required()->check(CLI::PositiveNumber);
    options.add_option("--reply", reply)->required()->check(CLI::PositiveNumber);
    CLI11_PARSE(options, argc, argv);
    try {
        bench::run_server<Connection>(bench::address_of(address), [=](Connection& connection) {
            return serve(connection, request, reply);
        });
    } catch (const std::exception& e) {
        std::cerr << e.what() << '\n';
        return 1;
    }
}
