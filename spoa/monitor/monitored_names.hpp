#pragma once

#include "monitor/effects.hpp"
#include "monitor/monitored_name.hpp"
#include "monitor/saved_master.hpp"
#include "sentinel/event_parser.hpp"

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::monitor {

// What only the world outside knows, asked in the moment of a judgement.
class Surroundings {
public:
    virtual ~Surroundings() = default;

    // Whether connections to this server of the name get through at every HAProxy.
    virtual haproxy_api::Readiness readiness(std::size_t name, const std::string& server) const = 0;

    // The sessions of the name; of its failover that is under way, nullptr when none is.
    virtual verdict::SessionsSeen sessions(
        std::size_t name, const verdict::Failover* under_way) const = 0;
};

// All names under watch: takes what Sentinels, nodes and HAProxies say, and returns what follows
// from it. Pure: time is an argument, and whoever calls performs the Effects, each of them, in
// order. Addresses are those of `servers:` already, however a peer announced them. One owner, one
// thread. A name's place is never given to another name.
class MonitoredNames {
public:
    using TimePoint = verdict::TimePoint;

    // `surroundings` must outlive this.
    MonitoredNames(const Surroundings& surroundings, TimePoint now)
        : surroundings_(surroundings), awake_at_(now)
    {}

    // Puts a configuration in force: these names, in this order, and for each Sentinel its place
    // before, nothing where it is new. What is known of a name that stays is kept; one that comes
    // back is new. All votes of the process are void once it was stopped for longer than
    // `vote_ttl`. Returns the places of the names that have left.
    std::vector<std::size_t> configure(
        std::vector<verdict::Subject> subjects,
        std::span<const std::optional<std::size_t>> sentinels_before,
        std::chrono::milliseconds vote_ttl, TimePoint now);

    // Only these nodes of the name are probed from now on.
    void set_probed(std::size_t name, std::span<const Endpoint> nodes);

    // Starts from what was in force when the process before ended.
    void restore(std::span<const SavedMaster> saved, TimePoint now);

    // All that the next process needs to know, doubts included.
    std::vector<SavedMaster> saved_masters(TimePoint now) const;

    // What Sentinels say. A connection that is lost, or an answer that is no vote, voids the vote.
    Effects on_vote(std::size_t sentinel, std::size_t name, sentinel::Vote vote, TimePoint now);
    Effects on_no_vote(std::size_t sentinel, std::size_t name, TimePoint now);
    Effects on_sentinel_down(std::size_t sentinel, TimePoint now);
    Effects on_event(
        std::size_t sentinel, std::size_t name, const sentinel::Event& event, TimePoint now);

    // A data node answered or fell silent.
    Effects on_probe(std::size_t name, verdict::Probe probe, TimePoint now);

    // A HAProxy was looked at: the servers that lead elsewhere in its backends for writes, and for
    // reads.
    Effects on_haproxy(
        std::size_t name, std::vector<verdict::Misplaced> writes,
        std::vector<verdict::Misplaced> reads, TimePoint now);

    // The host name of the master in force leads elsewhere now, and the Sentinels have named the
    // machine and not its name: they meant the one at `former`.
    void hold_to(std::size_t name, const Endpoint& former, TimePoint now);

    // Where a server of the name is has changed: its master is given to nobody before HAProxy is
    // ready for it there.
    void retract(std::size_t name) { names_[name].release.retract(); }

    // What was heard about the name may be outdated.
    void forget(std::size_t name, TimePoint now) { names_[name].watch.forget(now); }

    // Judges all names anew. To be called a few times a second, because votes age.
    Effects review(TimePoint now) { return judge(order_, now); }

    // Judges these names anew.
    Effects review(std::span<const std::size_t> names, TimePoint now) { return judge(names, now); }

    // Judges those that change by themselves at this moment, and looks how far the failovers have
    // come. To be called every few milliseconds.
    Effects look(TimePoint now);

    // Whether a majority of the Sentinels was heard about every name, and every replica that may
    // serve reads.
    bool knows_all() const;

    std::size_t size() const { return names_.size(); }  // places, also those of names that left
    const std::vector<std::size_t>& in_order() const { return order_; }  // as configured
    const MonitoredName& at(std::size_t name) const { return names_[name]; }
    std::optional<std::size_t> find(std::string_view name) const;

private:
    void forget_all(TimePoint now, Effects& out);
    bool forget_after_a_stop(TimePoint now, Effects& out);
    Effects judge(std::span<const std::size_t> names, TimePoint now);
    void judge_one(std::size_t name, TimePoint now, Effects& out);
    void follow(std::size_t name, TimePoint now, Effects& out);
    void note_change(std::size_t name, verdict::Change change, Effects& out);
    void note_unmapped(std::size_t name, Effects& out);
    verdict::SessionsSeen sessions(std::size_t name) const;

    const Surroundings& surroundings_;
    std::map<std::string, std::size_t, std::less<>> places_;  // of all names there ever were
    std::deque<MonitoredName> names_;                         // by place
    std::vector<std::size_t> order_;
    std::chrono::milliseconds vote_ttl_{0};
    TimePoint awake_at_;  // when the process was last seen running
};

}  // namespace spoa::monitor
