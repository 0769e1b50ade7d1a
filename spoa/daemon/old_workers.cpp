#include "daemon/old_workers.hpp"

#include "haproxy_api/fence.hpp"
#include "telemetry/log.hpp"

#include <algorithm>

namespace spoa::daemon {
namespace {

using haproxy_api::Wish;
using telemetry::write_log;
using Clock = std::chrono::steady_clock;

// A worker with very many sessions takes a while to list them; it is not to be kept busy by that.
constexpr int rest_per_look = 20;

// After a change of a wish it looks so often for so long: a reload may be under way, in which the
// master answers nothing, or not yet that there is an old worker.
constexpr std::chrono::milliseconds eager_period{50};
constexpr std::chrono::seconds eager_for{2};

}  // namespace

OldWorkers::OldWorkers(
    const boost::asio::any_io_executor& executor, const SocketAddress& master_cli,
    telemetry::HaproxyMetrics& metrics)
    : address_(to_string(master_cli)),
      metrics_(metrics),
      place_(metrics.add(address_)),
      trouble_(
          metrics, place_, address_, "master CLI",
          "old workers cannot be kept from a former master"),
      link_(executor, master_cli, *this, net::HaproxySocket::master_cli)
{}

void OldWorkers::add_backend(const std::string& backend, std::size_t name, bool reads)
{
    backends_.emplace(backend, Kept{name, reads, {}});
}

void OldWorkers::want(std::size_t name, bool reads, const haproxy_api::Wishes& wishes)
{
    bool news = false;
    for (auto& [backend, kept] : backends_)
        if (kept.name == name && kept.reads == reads && kept.wishes != wishes) {
            kept.wishes = wishes;
            news = true;
        }
    if (!news)
        return;
    next_look_ = {};
    eager_until_ = Clock::now() + eager_for;
    settled_ = false;
    link_.wake();
}

Clock::time_point OldWorkers::due()
{
    return steps_.empty() ? next_look_ : Clock::time_point();
}

std::string OldWorkers::commands()
{
    if (steps_.empty()) {
        look_began_ = Clock::now();
        next_look_ = Clock::time_point::max();  // want() may bring it forward meanwhile
        ended_some_ = false;
        steps_.push_back({});
    }
    const auto& step = steps_.front();
    switch (step.kind) {
        case Step::Kind::processes: return haproxy_api::list_processes();
        case Step::Kind::sessions: return haproxy_api::list_sessions(step.worker);
        case Step::Kind::end: return haproxy_api::end_sessions(step.worker, step.ids);
    }
    return {};
}

bool OldWorkers::on_reply(const std::string& text)
{
    bool good = true;
    switch (steps_.front().kind) {
        case Step::Kind::processes: good = take_processes(text); break;
        case Step::Kind::sessions: take_sessions(text); break;
        case Step::Kind::end: break;  // a session that ended by itself is as good
    }
    steps_.pop_front();
    if (steps_.empty())
        plan_next_look();
    return good;
}

void OldWorkers::on_failure(const std::string& reason)
{
    steps_.clear();
    look_began_ = Clock::now();  // a time-out has kept nobody busy
    trouble_.note(reason);
    plan_next_look();
}

void OldWorkers::plan_next_look()
{
    const auto now = Clock::now();
    settled_ = trouble_.none() && !ended_some_ && next_look_ != Clock::time_point();
    auto period = ended_some_ ? haproxy_api::not_yet_period : haproxy_api::look_period;
    if (now < eager_until_)
        period = eager_period;
    next_look_ = std::min(
        next_look_, now + std::max<Clock::duration>(period, rest_per_look * (now - look_began_)));
}

bool OldWorkers::take_processes(const std::string& text)
{
    const auto workers = haproxy_api::parse_old_workers(text);
    if (!workers) {
        trouble_.note(
            "it does not answer as a master CLI: `master_cli` is what `haproxy -S` was given, not "
            "a `stats socket`");
        return false;
    }
    trouble_.note({});
    std::erase_if(workers_, [&](const auto& known) {
        return std::ranges::count(*workers, known.first) == 0;
    });
    for (const auto worker : *workers)
        steps_.push_back({Step::Kind::sessions, worker, {}});
    return true;
}

bool OldWorkers::should_end(const haproxy_api::SessionSeen& session) const
{
    const auto kept = backends_.find(session.backend);
    if (kept == backends_.end() || kept->second.wishes.empty())
        return false;
    const auto wish = kept->second.wishes.find(session.server);
    return wish == kept->second.wishes.end() || wish->second == Wish::maint ||
           wish->second == Wish::idle;
}

void OldWorkers::take_sessions(const std::string& text)
{
    const auto worker = steps_.front().worker;
    const auto sessions = haproxy_api::parse_sessions(text);
    if (!sessions) {  // it has ended meanwhile
        workers_.erase(worker);
        return;
    }
    std::map<std::pair<std::size_t, std::string>, std::uint64_t> ended;  // by name and server
    std::vector<std::string> ids;
    auto& count = workers_[worker] = 0;
    for (const auto& session : *sessions) {
        const auto kept = backends_.find(session.backend);
        if (kept == backends_.end())
            continue;
        ++count;
        if (!should_end(session))
            continue;
        ++ended[{kept->second.name, session.server}];
        ids.push_back(session.id);
    }
    for (std::size_t at = 0; at < ids.size(); at += haproxy_api::most_ids_a_line) {
        const auto first = ids.begin() + static_cast<std::ptrdiff_t>(at);
        const auto size = std::min(haproxy_api::most_ids_a_line, ids.size() - at);
        steps_.push_back(
            {Step::Kind::end, worker, {first, first + static_cast<std::ptrdiff_t>(size)}});
    }
    for (const auto& [where, number] : ended) {
        metrics_.count_fenced(where.first, shown_name(where.second), number);
        write_log(
            LogLevel::info,
            "haproxy " + address_ + ": sessions on server " + shown_name(where.second) +
                " are ended in an old worker",
            {{"pid", std::to_string(worker)}, {"sessions", std::to_string(number)}});
    }
    ended_some_ = ended_some_ || !ids.empty();
}

telemetry::OldWorkersReport OldWorkers::report() const
{
    telemetry::OldWorkersReport out{address_, trouble_.none(), trouble_.now(), {}};
    for (const auto& [worker, sessions] : workers_)
        out.workers.push_back({worker, sessions});
    return out;
}

}  // namespace spoa::daemon
