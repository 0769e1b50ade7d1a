#include "daemon/event_feed.hpp"

#include "telemetry/report.hpp"

#include <algorithm>
#include <utility>

namespace spoa::daemon {
namespace {

using Clock = std::chrono::steady_clock;
using net::LineStream;

}  // namespace

const LineStream::Line& EventFeed::current(std::size_t name)
{
    constexpr std::chrono::seconds as_good_as_new{1};
    auto& [line, made_at] = current_[name];
    if (const auto now = Clock::now(); !line || now - made_at > as_good_as_new) {
        line = std::make_shared<const std::string>(describe(name));
        made_at = now;
    }
    return line;
}

void EventFeed::set_names(std::vector<std::size_t> places)
{
    const bool some_left = std::ranges::any_of(
        names_, [&](std::size_t name) { return std::ranges::count(places, name) == 0; });
    names_ = std::move(places);
    current_.clear();
    budgets_.clear();
    if (!some_left)
        return;
    for (const auto& reader : readers_)
        if (const auto lines = reader.lines.lock())
            lines->end();
    readers_.clear();
}

void EventFeed::push(std::size_t name, const LineStream::Line& line)
{
    for (auto reader = readers_.begin(); reader != readers_.end();) {
        const auto lines = reader->lines.lock();
        if (lines && reader->name.value_or(name) == name && !lines->push(line))
            metrics_.count_dropped_reader();
        reader = lines && !lines->dropped() ? std::next(reader) : readers_.erase(reader);
    }
}

void EventFeed::changed(std::size_t name, bool tell, bool urgent)
{
    constexpr std::chrono::seconds window{10};
    constexpr std::size_t most_in_window = 20;
    current_[name].line.reset();
    if (!tell || readers_.empty())
        return;
    auto& budget = budgets_[name];
    if (const auto now = Clock::now(); now - budget.window_began >= window)
        budget = {now, 0, budget.held};
    if (!urgent && ++budget.told > most_in_window) {
        budget.held = true;
        metrics_.count_held_event();
        return;
    }
    budget.held = false;
    push(name, current(name));
}

void EventFeed::catch_up()
{
    constexpr std::chrono::seconds period{1};
    const auto now = Clock::now();
    if (now - caught_up_at_ < period)
        return;
    caught_up_at_ = now;
    for (auto& [name, budget] : budgets_)
        if (std::exchange(budget.held, false))
            push(name, current(name));
}

void EventFeed::send(std::size_t name, std::string line)
{
    if (!readers_.empty())
        push(name, std::make_shared<const std::string>(std::move(line)));
}

std::size_t EventFeed::readers() const
{
    return static_cast<std::size_t>(
        std::ranges::count_if(readers_, [](const Reader& each) { return !each.lines.expired(); }));
}

std::shared_ptr<LineStream> EventFeed::subscribe(std::optional<std::size_t> name)
{
    std::erase_if(readers_, [](const Reader& each) { return each.lines.expired(); });
    if (readers_.size() >= most_event_readers)
        return nullptr;

    const auto wanted = name ? std::vector{*name} : names_;
    std::size_t bytes = 0;
    for (const auto place : wanted)
        bytes += current(place)->size();

    // All names may change at once, and a few times, before a reader has got round to it.
    LineStream::Settings settings;
    settings.most_waiting += 4 * bytes;
    settings.heartbeat = [] { return telemetry::heartbeat_event(telemetry::Moment::now()); };
    auto lines = std::make_shared<LineStream>(executor_, std::move(settings));
    for (const auto place : wanted)
        lines->push(current(place));
    readers_.push_back({lines, name});
    return lines;
}

}  // namespace spoa::daemon
