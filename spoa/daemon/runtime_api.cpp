#include "daemon/runtime_api.hpp"

#include "telemetry/log.hpp"

#include <algorithm>

namespace spoa::daemon {
namespace {

using haproxy_api::Wish;
using telemetry::write_log;
using telemetry::write_repeating;
using Clock = std::chrono::steady_clock;

// HAProxy takes a line of 16 KiB; a backend needs some 200 bytes of it, and more when it changes.
constexpr std::size_t most_backends_a_turn = 16;

std::string words_for(Wish wish)
{
    return wish == Wish::leave ? "as it is" : std::string(haproxy_api::word_for(wish));
}

bool has_none(Wish wish)
{
    return wish == Wish::maint || wish == Wish::idle;
}

std::string state_of(const haproxy_api::ServerSeen& server, bool ours)
{
    if (server.maint)
        return ours ? "maint (by the agent)" : "maint (by an operator)";
    if (server.other)
        return server.address ? "maint (by HAProxy)" : "no address";
    if (server.stopped)
        return "down (by its check)";
    return server.drain ? "drain" : "ready";
}

}  // namespace

RuntimeApi::RuntimeApi(
    const boost::asio::any_io_executor& executor, const SocketAddress& address,
    telemetry::HaproxyMetrics& metrics, OnTurn on_turn)
    : address_(to_string(address)),
      metrics_(metrics),
      place_(metrics.add(address_)),
      trouble_(
          metrics, place_, address_, "runtime API", "its servers cannot be kept as they should be"),
      on_turn_(std::move(on_turn)),
      link_(executor, address, *this)
{}

void RuntimeApi::add_backend(
    const std::string& backend, std::size_t name, const std::string& master_name, bool reads)
{
    kept_.push_back({haproxy_api::Fence(backend), name, master_name, reads});
}

void RuntimeApi::want(std::size_t name, bool reads, const haproxy_api::Wishes& wishes)
{
    bool news = false;
    for (auto& kept : kept_)
        if (kept.name == name && kept.reads == reads)
            news = kept.fence.want(wishes, Clock::now()) || news;
    if (news)
        link_.wake();
}

void RuntimeApi::expect(std::size_t name, const haproxy_api::Places& places)
{
    bool news = false;
    for (auto& kept : kept_)
        if (kept.name == name)
            news = kept.fence.expect(places, Clock::now()) || news;
    if (news)
        link_.wake();
}

Clock::time_point RuntimeApi::due()
{
    auto first = Clock::time_point::max();
    for (const auto& kept : kept_)
        first = std::min(first, kept.fence.due());
    return first;
}

std::string RuntimeApi::commands()
{
    const auto now = Clock::now();
    std::vector<haproxy_api::Commands> commands;
    turn_.clear();
    for (std::size_t i = 0; i < kept_.size() && turn_.size() < most_backends_a_turn; ++i)
        if (kept_[i].fence.due() <= now) {
            turn_.push_back(i);
            commands.push_back(kept_[i].fence.begin(now));
        }
    return haproxy_api::batch_of(commands);
}

bool RuntimeApi::on_reply(const std::string& text)
{
    const auto reply = haproxy_api::parse_reply(text);
    if (reply.cut) {
        on_failure("its answer is cut or not that of a runtime API");
        return false;
    }
    const auto complaint = haproxy_api::trouble_in(reply);
    auto trouble = complaint;
    for (const auto i : turn_) {
        auto& fence = kept_[i].fence;
        if (const auto* const seen = reply.find(fence.backend())) {
            take(kept_[i], *seen);
            continue;
        }
        fence.lack(Clock::now());
        if (trouble.empty())
            trouble = "it has no backend '" + fence.backend() +
                      "' with servers: compare `backends` in the agent's configuration with "
                      "haproxy.cfg, letter for letter";
    }
    trouble_.note(trouble);
    end_turn();
    return complaint.empty();
}

void RuntimeApi::on_failure(const std::string& reason)
{
    for (const auto i : turn_)
        kept_[i].fence.lose(Clock::now(), Clock::now());
    trouble_.note(reason);
    end_turn();
}

void RuntimeApi::end_turn()
{
    std::set<std::size_t> names;
    for (const auto i : turn_)
        names.insert(kept_[i].name);
    for (const auto name : names)
        on_turn_(name);
}

void RuntimeApi::take(Kept& kept, const haproxy_api::BackendSeen& seen)
{
    for (const auto& [server, sessions, took, stray] : kept.fence.take(seen, Clock::now())) {
        metrics_.count_fenced(kept.name, shown_name(server), sessions);
        if (took)
            metrics_.observe_fence(*took);
        write_log(
            stray ? LogLevel::warning : LogLevel::info,
            "haproxy " + address_ + ": server " + seen.name + '/' + shown_name(server) +
                " is put into maintenance" +
                (stray ? ", as it has sessions that no verdict has led there" : ""),
            {{"name", kept.master_name}, {"sessions", std::to_string(sessions)}});
    }
    for (const auto& server : seen.servers)
        metrics_.set_sessions(
            kept.name,
            {address_, seen.name, shown_name(server.name)},
            server.sessions,
            has_none(kept.fence.wish(server)));
}

std::vector<const haproxy_api::Fence*> RuntimeApi::backends_of(std::size_t name, bool reads) const
{
    std::vector<const haproxy_api::Fence*> out;
    for (const auto& kept : kept_)
        if (kept.name == name && kept.reads == reads)
            out.push_back(&kept.fence);
    return out;
}

std::string RuntimeApi::trouble() const
{
    return trouble_.was_noted() ? trouble_.now() : std::string();
}

std::optional<haproxy_api::Delivery> RuntimeApi::delivery(
    std::size_t name, const verdict::Verdict& verdict) const
{
    const auto writes = backends_of(name, false);
    const auto reads = backends_of(name, true);
    if (writes.empty() && reads.empty())
        return std::nullopt;
    auto out = haproxy_api::delivery_of(verdict, writes, trouble(), Clock::now());
    for (const auto* const fence : reads)
        for (auto& problem : haproxy_api::problems_of(*fence))
            out.problems.push_back(std::move(problem));
    if (!out.trouble.empty())
        out.trouble = "haproxy " + address_ + ": " + out.trouble;
    for (auto* const list : {&out.obstacles, &out.problems})
        for (auto& sentence : *list)
            sentence = "haproxy " + address_ + ": " + sentence;
    return out;
}

haproxy_api::Readiness RuntimeApi::readiness(std::size_t name, const std::string& server) const
{
    const auto writes = backends_of(name, false);
    if (writes.empty())
        return haproxy_api::Readiness::ready;
    return haproxy_api::readiness_of(server, writes, trouble().empty());
}

std::map<std::string, std::string> RuntimeApi::misplaced(std::size_t name, bool reads) const
{
    auto out = haproxy_api::misplaced_in(backends_of(name, reads));
    for (auto& [server, why] : out)
        why = "haproxy " + address_ + ": " + why;
    return out;
}

std::optional<bool> RuntimeApi::is_out(std::size_t name, const std::string& server) const
{
    std::optional<bool> out;
    for (const auto& kept : kept_)
        if (kept.name == name && !kept.reads)
            out = out.value_or(true) && kept.fence.is_out(server);
    return out;
}

telemetry::HaproxyReport RuntimeApi::report() const
{
    telemetry::HaproxyReport out{address_, trouble_.none(), trouble_.now(), {}, {}};
    for (const auto& kept : kept_) {
        const auto& fence = kept.fence;
        telemetry::HaproxyReport::Backend backend{
            fence.backend(), kept.master_name, {}, haproxy_api::problems_of(fence)};
        if (fence.seen())
            for (const auto& server : fence.seen()->servers)
                backend.servers.push_back(
                    {shown_name(server.name),
                     state_of(server, fence.is_ours(server.name)),
                     words_for(fence.wish(server)),
                     server.sessions});
        out.backends.push_back(std::move(backend));
    }
    return out;
}

}  // namespace spoa::daemon
