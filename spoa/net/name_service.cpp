#include "net/name_service.hpp"

#include "net/timeout.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/steady_timer.hpp>

#include <ares.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace asio = boost::asio;

namespace spoa::net {
namespace {

constexpr int first_timeout = 1'000;  // ms; the second attempt waits for twice as long
constexpr int attempts = 2;
constexpr const char* resolver_file = "/etc/resolv.conf";

class NameCategory final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "names"; }
    std::string message(int code) const override
    {
        switch (static_cast<NameErrc>(code)) {
            case NameErrc::unknown: return "its host name is not known";
            case NameErrc::no_answer:
                return "its host name is being looked up, and no name server answers";
            case NameErrc::not_usable: return "its host name cannot be looked up";
            case NameErrc::too_few: return "its host name has fewer addresses than expected";
        }
        return "its host name cannot be looked up";
    }
};

NameErrc meaning_of(int status)
{
    switch (status) {
        case ARES_ENOTFOUND:
        case ARES_ENODATA: return NameErrc::unknown;
        case ARES_ETIMEOUT:
        case ARES_ECONNREFUSED:
        case ARES_ESERVFAIL: return NameErrc::no_answer;
        default: return NameErrc::not_usable;
    }
}

NameService::Addresses addresses_in(const ares_addrinfo& found)
{
    NameService::Addresses out;
    for (const auto* node = found.nodes; node; node = node->ai_next) {
        if (node->ai_family == AF_INET) {
            sockaddr_in v4{};
            std::memcpy(&v4, node->ai_addr, sizeof v4);
            out.push_back(asio::ip::address_v4(ntohl(v4.sin_addr.s_addr)).to_string());
        } else if (node->ai_family == AF_INET6) {
            sockaddr_in6 v6{};
            std::memcpy(&v6, node->ai_addr, sizeof v6);
            asio::ip::address_v6::bytes_type bytes;
            std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
            out.push_back(asio::ip::address_v6(bytes).to_string());
        }
    }
    std::ranges::sort(out);  // a name server may turn them round
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

timespec changed_at(const char* path)
{
    struct stat status {};
    return stat(path, &status) == 0 ? status.st_mtim : timespec{};
}

}  // namespace

error_code make_name_error(NameErrc code)
{
    static const NameCategory category;
    return {static_cast<int>(code), category};
}

struct NameService::Query {
    explicit Query(const asio::any_io_executor& executor)
        : done(executor, asio::steady_timer::time_point::max())
    {}

    asio::steady_timer done;  // ends with the look-up
    bool ended = false;
    result<Addresses> found = error_code(asio::error::operation_aborted);
};

// c-ares with its sockets and its time in the io_context. Handlers keep it alive; close() ends all
// that is under way.
class NameService::Channel : public std::enable_shared_from_this<Channel> {
public:
    using OnEnd = std::function<void(result<Addresses>)>;

    explicit Channel(const asio::any_io_executor& executor)
        : executor_(executor), timer_(executor), resolver_file_at_(changed_at(resolver_file))
    {
        ares_options options{};
        options.timeout = first_timeout;
        options.tries = attempts;
        options.sock_state_cb = [](void* self, ares_socket_t socket, int reads, int writes) {
            static_cast<Channel*>(self)->watch(socket, reads != 0, writes != 0);
        };
        options.sock_state_cb_data = this;
        int given = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
        // c-ares 1.31 and later keep answers for as long as their TTL says, and "no such name" too.
        // Whoever asks here wants to know how it is now.
        options.qcache_max_ttl = 0;
        given |= ARES_OPT_QUERY_CACHE;
#endif
        if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
            ares_init_options(&channel_, &options, given) != ARES_SUCCESS)
            throw std::bad_alloc();  // it knows no other reason
    }

    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    ~Channel()
    {
        close();
    }

    // Whether it still reads its name servers from the file as it is.
    bool is_current() const
    {
        const auto now = changed_at(resolver_file);
        return now.tv_sec == resolver_file_at_.tv_sec && now.tv_nsec == resolver_file_at_.tv_nsec;
    }

    void close()
    {
        if (auto* const channel = std::exchange(channel_, nullptr))
            ares_destroy(channel);
        for (auto& [_, socket] : sockets_)
            socket->descriptor.release();
        sockets_.clear();
        timer_.cancel();
    }

    void ask(const std::string& name, OnEnd on_end)
    {
        ares_addrinfo_hints hints{};
        hints.ai_flags = ARES_AI_NOSORT;  // which would connect sockets
        hints.ai_family = AF_UNSPEC;
        auto given = std::make_unique<OnEnd>(std::move(on_end));
        ares_getaddrinfo(
            channel_,
            name.c_str(),
            nullptr,
            &hints,
            [](void* argument, int status, int, ares_addrinfo* found) {
                const std::unique_ptr<OnEnd> kept(static_cast<OnEnd*>(argument));
                Addresses addresses;
                if (found)
                    addresses = addresses_in(*found);
                ares_freeaddrinfo(found);
                if (status != ARES_SUCCESS)
                    (*kept)(make_name_error(meaning_of(status)));
                else if (addresses.empty())
                    (*kept)(make_name_error(NameErrc::unknown));
                else
                    (*kept)(std::move(addresses));
            },
            given.release());
        keep_time();
    }

private:
    struct Socket {
        asio::posix::stream_descriptor descriptor;
        bool reads = false;  // is wanted
        bool writes = false;
        bool awaits_read = false;
        bool awaits_write = false;
    };

    void watch(ares_socket_t number, bool reads, bool writes)
    {
        const auto known = sockets_.find(number);
        if (!reads && !writes) {
            if (known != sockets_.end()) {
                known->second->descriptor.release();  // c-ares closes it
                sockets_.erase(known);
            }
            return;
        }
        if (!channel_)
            return;
        auto socket = known == sockets_.end() ? nullptr : known->second;
        if (!socket) {
            socket =
                std::make_shared<Socket>(Socket{asio::posix::stream_descriptor(executor_, number)});
            sockets_.emplace(number, socket);
        }
        socket->reads = reads;
        socket->writes = writes;
        await(number, socket);
    }

    void await(ares_socket_t number, const std::shared_ptr<Socket>& socket)
    {
        using Wait = asio::posix::stream_descriptor::wait_type;
        const auto arm = [&](bool wanted, bool& armed, Wait what) {
            if (!wanted || std::exchange(armed, true))
                return;
            socket->descriptor.async_wait(
                what,
                [self = shared_from_this(), socket, number, &armed, what](const error_code& error) {
                    armed = false;
                    if (error || !self->channel_)
                        return;
                    const bool read = what == Wait::wait_read;
                    ares_process_fd(
                        self->channel_,
                        read ? number : ARES_SOCKET_BAD,
                        read ? ARES_SOCKET_BAD : number);
                    const auto still = self->sockets_.find(number);
                    if (still != self->sockets_.end() && still->second == socket)
                        self->await(number, socket);
                    self->keep_time();
                });
        };
        arm(socket->reads, socket->awaits_read, Wait::wait_read);
        arm(socket->writes, socket->awaits_write, Wait::wait_write);
    }

    // c-ares tries again, and gives up, when it is told that time has passed.
    void keep_time()
    {
        timeval left{};
        if (!channel_ || !ares_timeout(channel_, nullptr, &left))
            return;
        timer_.expires_after(
            std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec) +
            std::chrono::milliseconds(1));
        timer_.async_wait([self = shared_from_this()](const error_code& error) {
            if (error || !self->channel_)
                return;
            ares_process_fd(self->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
            self->keep_time();
        });
    }

    asio::any_io_executor executor_;
    asio::steady_timer timer_;
    timespec resolver_file_at_;
    ares_channel channel_ = nullptr;
    std::map<ares_socket_t, std::shared_ptr<Socket>> sockets_;
};

NameService::NameService(asio::execution_context& context)
    : asio::execution_context::service(context)
{}

NameService::~NameService() = default;

void NameService::shutdown() noexcept
{
    on_answer = nullptr;
    if (channel_)
        channel_->close();
    channel_.reset();
    under_way_.clear();
}

void NameService::begin(const asio::any_io_executor& executor, const std::string& name)
{
    if (under_way_.contains(name))
        return;
    if (!channel_ || (under_way_.empty() && !channel_->is_current()))
        channel_ = std::make_shared<Channel>(executor);
    under_way_.emplace(name, std::make_shared<Query>(executor));
    // Never before this function is over: who asks may not be ready for an answer.
    channel_->ask(name, [this, executor, name](result<Addresses> found) {
        asio::post(executor, [this, name, found = std::move(found)]() mutable {
            end(name, std::move(found));
        });
    });
}

void NameService::end(const std::string& name, result<Addresses> found)
{
    const auto query = under_way_.extract(name);
    if (query.empty())
        return;
    if (found) {
        known_[name] = *found;
        take_seats(name, *found);
    }
    query.mapped()->found = found;
    query.mapped()->ended = true;
    query.mapped()->done.cancel();
    if (on_answer)
        on_answer(name, found);
}

asio::awaitable<result<NameService::Addresses>> NameService::look_up(std::string name)
{
    begin(co_await asio::this_coro::executor, name);
    const auto query = under_way_.at(name);
    co_await query->done.async_wait(as_result);
    co_return query->found;
}

const NameService::Addresses& NameService::last_known(const std::string& name) const
{
    static const Addresses none;
    const auto known = known_.find(name);
    return known == known_.end() ? none : known->second;
}

void NameService::keep_seats(const std::string& name, std::size_t count)
{
    auto& seats = seats_[name];
    seats.resize(std::max(seats.size(), count));
    take_seats(name, last_known(name));
}

std::string NameService::seat(const std::string& name, std::size_t number) const
{
    const auto seats = seats_.find(name);
    return seats == seats_.end() || number >= seats->second.size() ? std::string()
                                                                   : seats->second[number];
}

void NameService::take_seats(const std::string& name, const Addresses& found)
{
    const auto known = seats_.find(name);
    if (known == seats_.end())
        return;
    auto& seats = known->second;
    for (auto& seat : seats)
        if (!std::ranges::binary_search(found, seat))
            seat.clear();
    for (const auto& address : found)
        if (std::ranges::count(seats, address) == 0)
            if (const auto free = std::ranges::find(seats, std::string()); free != seats.end())
                *free = address;
}

NameService& name_service(const asio::any_io_executor& executor)
{
    return asio::use_service<NameService>(asio::query(executor, asio::execution::context));
}

}  // namespace spoa::net
