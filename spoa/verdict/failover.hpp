// The course of a name's failovers: which moment each phase came at, for people who ask what took
// how long. It watches the verdict and the evidence, and decides nothing.
//
//   doubt           the gate closes, or the state is worse than degraded
//   o_down          a Sentinel says that the master is objectively down
//   majority        a majority of the Sentinels names another address
//   verdict         traffic may go to another address
//   sessions_ended  no HAProxy has a session on the old server any more
//   first_session   a new connection was sent to the new server
//
// A failover is under way from the first of doubt, majority and verdict. Doubt is doubt about the
// master: that the Sentinels cannot be heard begins no failover. It is over when nothing is
// left to come, when the doubt is gone and the master is the same (a false alarm), when the next
// one begins, or after `follow_limit`.
//
// Where nodes are probed it also has how much the new master lacked of what the old one had
// written.
#pragma once

#include "verdict/offset_history.hpp"
#include "verdict/watch.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::verdict {

enum class Phase : std::uint8_t { doubt, o_down, majority, verdict, sessions_ended, first_session };
inline constexpr std::array<std::string_view, 6> phase_names{
    "doubt", "o_down", "majority", "verdict", "sessions_ended", "first_session"};

// How far the new master was behind the old one when it was promoted, at least: what a master
// writes after its last answer to the probe is known to nobody. The bytes are those of the
// replication stream, in which the Sentinels' greetings are as well.
struct Lag {
    std::uint64_t bytes = 0;
    // How old the oldest write is that it lacked; nothing where it was too far behind to tell.
    std::optional<std::chrono::nanoseconds> age;

    bool operator==(const Lag&) const = default;
};

// One failover, or what looked like one.
struct Failover {
    Endpoint from_address;
    std::string from;                    // HAProxy's name of it; empty where it has none
    std::optional<Endpoint> to_address;  // with the phase verdict
    std::string to;
    std::array<std::optional<TimePoint>, phase_names.size()> phases;
    State began_as = State::ok;  // the state of the doubt; ok: it began without one
    std::optional<Lag> lag;      // with the phase verdict; nothing where it could not be measured
    std::optional<TimePoint> ended;
    bool false_alarm = false;

    const std::optional<TimePoint>& at(Phase phase) const
    {
        return phases[static_cast<std::size_t>(phase)];
    }
    std::optional<TimePoint>& at(Phase phase) { return phases[static_cast<std::size_t>(phase)]; }

    bool operator==(const Failover&) const = default;
};

// One word for what set it off: `down` when a Sentinel said so, `manual` when a failover went on
// without; empty while that is not known.
std::string_view cause_of(const Failover& failover);

// What others know of the sessions of the failover under way, at one moment.
struct SessionsSeen {
    // Whether the old server has none left in any HAProxy; nothing where no HAProxy is kept in
    // order.
    std::optional<bool> old_ended;
    std::uint64_t answers = 0;  // that sent a connection to the master in force, ever
};

class Course {
public:
    static constexpr std::size_t history_size = 10;
    static constexpr std::chrono::seconds follow_limit{60};

    // The name was judged. True when there is something new to tell of newest(); then call it
    // again, because one failover may have ended for the next to begin.
    bool follow(const Watch& watch, const SessionsSeen& sessions, TimePoint now);

    // The same, of the sessions alone: to be called every few milliseconds while one is under way.
    bool look(const SessionsSeen& sessions, TimePoint now);

    // A Sentinel published something about this name.
    void hear(const sentinel::Event& event, TimePoint now);

    bool under_way() const { return !failovers_.empty() && !failovers_.back().ended; }

    const Failover& newest() const { return failovers_.back(); }
    const std::deque<Failover>& failovers() const { return failovers_; }  // oldest first

private:
    bool master_moved() const { return under_way() && newest().at(Phase::verdict); }
    // What a replica of the master in force had taken when it answered last, or when it first said
    // that it is a master itself.
    struct Taken {
        Endpoint address;
        std::uint64_t offset = 0;
        TimePoint asked;  // as a replica, the last time
        bool is_promoted = false;
    };

    void notice_offsets(const Watch& watch);
    bool measure_lag();
    void notice_down(const Watch& watch, TimePoint now);
    void notice_majority(const Watch& watch, TimePoint now);
    bool begin(const Watch& watch, TimePoint now);
    void end(TimePoint now, bool false_alarm);
    bool mark(Phase phase, TimePoint when);

    std::deque<Failover> failovers_;
    std::optional<Endpoint> in_use_;  // the address in force at the end of the last look
    std::string in_use_server_;
    std::optional<Claim> down_;      // who is objectively down
    std::optional<Claim> majority_;  // for another address than the one in force
    std::uint64_t answers_ = 0;      // when the verdict was given
    OffsetHistory written_;          // by the master before the failover under way
    std::vector<Taken> taken_;       // of that, by its replicas
};

}  // namespace spoa::verdict
