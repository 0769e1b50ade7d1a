#include "simulation/effects_checker.hpp"

#include "simulation/world.hpp"

#include <algorithm>

namespace spoa::simulation {
namespace {

// The limit of a release, and the look after it.
constexpr Time longest_hold = 1'000 * ms + 150 * ms;

// Another rule with the same outcome is no news to anybody.
verdict::Verdict outcome(verdict::Verdict verdict)
{
    verdict.rule = {};
    return verdict;
}

[[noreturn]] void fail(const char* invariant, const verdict::Watch& watch, const char* text)
{
    throw Violation{invariant, watch.subject().name + ": " + text};
}

}  // namespace

void EffectsChecker::start(const monitor::MonitoredNames& names)
{
    books_.assign(names.size(), {});
    for (std::size_t place = 0; place < books_.size(); ++place) {
        auto& book = books_[place];
        const auto& name = names.at(place);
        publish(book, name, 0);
        book.wanted = name.wishes;
        book.reads_wanted = name.read_wishes.wishes();
        book.told = outcome(name.watch.verdict());
    }
}

void EffectsChecker::publish(Book& book, const monitor::MonitoredName& name, Time now) const
{
    const bool held_before = book.held_back;
    book.published = outcome(name.watch.verdict());
    book.reads = name.replicas.reads();
    book.held_back = name.release.holds_back();
    if (!book.held_back)
        book.held_since = never;
    else if (!held_before)
        book.held_since = now;
}

void EffectsChecker::perform(
    const monitor::Effects& effects, const monitor::MonitoredNames& names, Time now)
{
    for (const auto place : effects.answers)
        publish(books_[place], names.at(place), now);
    for (const auto place : effects.servers) {
        books_[place].wanted = names.at(place).wishes;
        books_[place].reads_wanted = names.at(place).read_wishes.wishes();
    }
    for (const auto& [place, change] : effects.changes) {
        auto& book = books_[place];
        if (outcome(change.before) != book.told)
            fail("told", names.at(place).watch, "a change does not begin where the last one ended");
        book.told = outcome(change.after);
    }
    for (const auto& [place, failover] : effects.steps) {
        auto& book = books_[place];
        if (book.failover == failover)
            fail("told", names.at(place).watch, "a failover is told of twice");
        book.failover = failover;
    }
    if (effects.save)
        saved_ = monitor::without_doubts(names.saved_masters(at(now)));
}

void EffectsChecker::check(const monitor::MonitoredNames& names, Time now) const
{
    for (std::size_t place = 0; place < books_.size(); ++place) {
        const auto& book = books_[place];
        const auto& name = names.at(place);
        const auto& watch = name.watch;
        const auto now_so = outcome(watch.verdict());
        if (book.published != now_so || book.held_back != name.release.holds_back() ||
            !(book.reads == name.replicas.reads()))
            fail("published", watch, "clients are answered what is no longer so");
        if (book.wanted != name.wishes || book.reads_wanted != name.read_wishes.wishes())
            fail("wanted", watch, "HAProxy's servers are not as they should be");
        if (book.told != now_so)
            fail("told", watch, "a change was not told of");
        if (!name.course.failovers().empty() && book.failover != name.course.newest())
            fail("told", watch, "a failover has come further than was told");
        if (book.held_since != never && now - book.held_since > longest_hold)
            fail("released", watch, "an answer is held back for ever");
        const auto& current = watch.standing().current;
        const auto saved =
            std::ranges::find(saved_, watch.subject().name, &monitor::SavedMaster::name);
        if (current && saved != saved_.end() &&
            (saved->address != *current || saved->high_water != watch.standing().high_water))
            fail("saved", watch, "the state file has another master or epoch");
        if (current && saved == saved_.end())
            fail("saved", watch, "the state file lacks the master");
    }
}

}  // namespace spoa::simulation
