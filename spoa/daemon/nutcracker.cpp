#include "daemon/nutcracker.hpp"

#include "daemon/child.hpp"
#include "daemon/fault_point.hpp"
#include "daemon/pong.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace spoa::daemon {
namespace {

using Clock = std::chrono::steady_clock;
using Result = NutcrackerOutcome::Result;
using twemproxy::Target;
using namespace std::chrono_literals;

constexpr auto test_limit = 5s;
constexpr auto look_pause = 2ms;
constexpr int most_readings = 5;  // of a file that somebody edits all the time

std::string joined(const std::vector<std::string>& words)
{
    std::string out;
    for (const auto& word : words)
        out += (out.empty() ? "" : " ") + word;
    return out;
}

std::vector<std::string> addresses_in(const std::string& text, const std::vector<Target>& targets)
{
    std::vector<std::string> out;
    const auto pools = twemproxy::read_pools(text);
    for (const auto& target : targets) {
        const auto place = pools ? twemproxy::find_pool(*pools, target.pool) : pools.error();
        const auto* const pool = place ? &(*pools)[*place] : nullptr;
        const auto server = pool ? pool->find_server(target.server) : place.error();
        out.push_back(server ? pool->servers[*server].entry.address : std::string());
    }
    return out;
}

}  // namespace

Nutcracker::Nutcracker(const config::Twemproxy& settings, Say say)
    : settings_(settings), say_(std::move(say)), file_(settings.file)
{}

std::string Nutcracker::make_plan(const std::vector<Target>& targets, Plan& plan)
{
    if (auto trouble = file_.read(plan.text); !trouble.empty())
        return trouble;
    auto edited = twemproxy::edit(plan.text, targets);
    if (!edited)
        return settings_.file + ": " + edited.error().text;
    plan.edited = *std::move(edited);
    plan.in_file = addresses_in(plan.text, targets);
    const auto wanted = addresses_in(plan.edited.text, targets);
    plan.moved.clear();
    for (std::size_t i = 0; i < targets.size(); ++i)
        plan.moved.push_back(plan.in_file[i] != wanted[i]);
    return {};
}

std::string Nutcracker::test_candidate()
{
    auto command = settings_.test;
    command.push_back(file_.candidate());
    const auto end = run_child(command, Clock::now() + test_limit, stop_);
    if (end.good)
        return {};
    return "the new file does not pass `" + joined(command) + "`: " + end.trouble +
           (end.output.empty() ? "" : " and said: " + end.output);
}

std::vector<twemproxy::Pool> Nutcracker::followed_pools(const std::string& text) const
{
    std::vector<twemproxy::Pool> out;
    if (auto pools = twemproxy::read_pools(text))
        for (auto& pool : *pools)
            if (std::ranges::count(settings_.pools, pool.name, &config::Twemproxy::Pool::pool) > 0)
                out.push_back(std::move(pool));
    return out;
}

// Until the process of before has ended and every pool of ours answers. `text` is the file that it
// starts with; `ended` says, also after a failure, whether the process of before is gone.
std::string Nutcracker::restart(const std::string& text, bool& ended)
{
    const auto limit = Clock::now() + settings_.restart_timeout;
    const auto pools = followed_pools(text);
    std::vector<Descriptor> held;
    for (const auto& pool : pools)
        held.push_back(hold(pool));
    const auto end = run_child(settings_.restart, limit, stop_);
    if (!end.output.empty())
        say_(end.good ? LogLevel::info : LogLevel::warning, "the restart command says", end.output);
    ended = end.started && std::ranges::none_of(held, is_held);
    if (!end.good)
        return "restart: " + end.trouble;
    fault_point("restarted");
    while (!ended && Clock::now() < limit && !stop_) {
        std::this_thread::sleep_for(look_pause);
        ended = std::ranges::none_of(held, is_held);
    }
    if (!ended)
        return "restart: the command is done, and the nutcracker of before serves on; let it end "
               "that process, or wait longer by restart_timeout";
    for (const auto& pool : pools)
        if (auto trouble = await_pong(pool, limit, stop_); !trouble.empty())
            return "restart: nutcracker does not serve within " +
                   std::to_string(settings_.restart_timeout.count()) + " ms; " + trouble;
    return {};
}

// Puts the edited file in force. A file that somebody changes on the way is read anew, and may turn
// out to need nothing.
std::string Nutcracker::replace(const std::vector<Target>& targets, Plan& plan, bool& replaced)
{
    for (int reading = 1; !plan.edited.changes.empty(); ++reading) {
        if (reading > most_readings)
            return settings_.file + " is edited again and again; the agent waits for an end";
        if (auto trouble = file_.write(plan.edited.text); !trouble.empty())
            return trouble;
        auto trouble = test_candidate();
        fault_point("tested");
        auto exchanged = FileSwap::Exchanged::failed;
        if (trouble.empty())
            exchanged = file_.exchange(plan.text, trouble);
        replaced = exchanged == FileSwap::Exchanged::yes;
        if (replaced)
            return {};
        file_.discard();
        if (exchanged == FileSwap::Exchanged::failed)
            return trouble;
        if (trouble = make_plan(targets, plan); !trouble.empty())
            return trouble;
    }
    return {};
}

void Nutcracker::take_back(const Plan& plan, bool restart_needed, NutcrackerOutcome& outcome)
{
    if (stop_)
        return;  // the next start of the agent sees that a swap was begun
    std::string trouble;
    const auto exchanged = file_.exchange(plan.edited.text, trouble);
    if (exchanged == FileSwap::Exchanged::edited_meanwhile)
        trouble = "the file was edited meanwhile and is left as it is";
    fault_point("taken back");
    bool ended = false;
    if (trouble.empty() && restart_needed)
        if (const auto again = restart(plan.text, ended); !again.empty())
            trouble = "nor does it with the old file, which is back: " + again;
    if (!trouble.empty()) {
        outcome.trouble += "; " + trouble;
        return;
    }
    file_.discard();
    restart_due_ = false;
    outcome.trouble += "; the old file is back";
    outcome.result = Result::rolled_back;
}

NutcrackerOutcome Nutcracker::follow(const std::vector<Target>& targets)
{
    NutcrackerOutcome out;
    if (is_settled_ && settled_ == targets && file_.is_as_read()) {
        out.in_file = settled_in_file_;
        return out;
    }
    is_settled_ = false;
    const auto settle = [&](Result result) {
        out.result = result;
        settled_ = targets;
        settled_in_file_ = out.in_file;
        is_settled_ = true;
        return out;
    };

    Plan plan;
    out.result = Result::failed;
    out.trouble = make_plan(targets, plan);
    out.in_file = plan.in_file;
    out.moved = plan.moved;
    out.diff = twemproxy::to_diff(plan.edited);
    if (!out.trouble.empty())
        return out;
    const bool changes = !plan.edited.changes.empty();
    if (settings_.dry_run)
        return settle(changes ? Result::dry_run : Result::unchanged);

    restart_due_ = restart_due_ || file_.is_begun();
    bool replaced = false;
    out.trouble = replace(targets, plan, replaced);
    if (!out.trouble.empty())
        return out;
    if (!replaced && !restart_due_)
        return settle(Result::unchanged);
    if (!replaced)
        say_(LogLevel::info, "an update that was begun before is finished now", settings_.file);
    restart_due_ = true;

    bool ended = false;
    const auto begun = Clock::now();
    out.trouble = restart(plan.edited.text, ended);
    if (!out.trouble.empty()) {
        if (replaced)
            take_back(plan, ended, out);
        return out;
    }
    out.restart = Clock::now() - begun;
    fault_point("answers");
    if (file_.is_begun())
        if (auto trouble = file_.keep(); !trouble.empty())
            say_(LogLevel::warning, std::move(trouble), {});
    restart_due_ = false;
    out.result = Result::updated;
    std::string now;  // read again: is_as_read() is to know the file that is in force
    if (file_.read(now).empty())
        out.in_file = addresses_in(now, targets);
    return now == plan.edited.text ? settle(Result::updated) : out;
}

}  // namespace spoa::daemon
