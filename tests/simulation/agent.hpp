// One agent: MonitoredNames, driven as the program drives it. Every Sentinel of its list is polled
// and asked at once when that is an effect; the answers are read by the real parser. Beside the
// name that the Sentinels know it watches one that nobody knows.
#pragma once

#include "monitor/monitored_names.hpp"
#include "simulation/checker.hpp"
#include "simulation/effects_checker.hpp"
#include "simulation/replies.hpp"
#include "simulation/world.hpp"

#include <array>
#include <map>
#include <optional>
#include <string>

namespace spoa::simulation {

class Agent final : private monitor::Surroundings {
public:
    Agent(
        int place, World& world, Random& random, Timeline& timeline, Journal& journal,
        Replies& replies);

    void handle(const Happening& happening);

    // A Sentinel published something.
    void on_published(int sentinel, int event, int node, int master);
    // The process is stopped, started anew, or one of its connections breaks.
    void stop(Time until);
    void restart(bool with_state);
    void lose_link(int entry);

    Time stopped_until() const { return stopped_until_; }
    const Checker& checker() const { return checker_; }
    const verdict::Watch& watch() const { return names_->at(watched).watch; }

private:
    static constexpr std::size_t watched = 1;  // the place of the name

    struct Entry {
        int target = 0;
        bool up = false;
        bool in_flight = false;
        bool urgent = false;
        bool full = false;
        bool apart = false;
        int part = 0;
        std::uint64_t generation = 0;  // of the connection
        std::uint64_t question = 0;
        Time asked_at = 0;
        Time backoff = 0;
        Time heard_until = 0;
        std::array<Said, 3> said;  // first address, MASTER, second address
        std::optional<sentinel::Vote> last;
    };

    Entry& entry(int place) { return entries_[static_cast<std::size_t>(place)]; }
    bool reachable(const Entry& each) const;
    void plan(Time at, What what, int whom, std::uint64_t epoch);
    void connect(int place);
    void ask(int place);
    void serve(int place);
    void read_answer(int place);
    void lose(int place);
    void hear(const Happening& happening);
    void probe();
    void ask_node(int node);
    void configure();
    void perform(const monitor::Effects& effects);
    void ask(const monitor::Question& question);
    void turn_haproxy();
    void note(const verdict::Verdict& verdict);

    haproxy_api::Readiness readiness(std::size_t name, const std::string& server) const override;
    verdict::SessionsSeen sessions(std::size_t, const verdict::Failover*) const override
    {
        return {};
    }

    int place_;
    World& world_;
    Random& random_;
    Timeline& timeline_;
    Journal& journal_;
    std::optional<monitor::MonitoredNames> names_;
    verdict::Policy policy_;
    Checker checker_;
    EffectsChecker effects_checker_;
    haproxy_api::Wishes wanted_;                 // as HAProxy was told last
    std::map<std::string, Time> ready_at_;       // from when HAProxy lets connections through
    std::optional<verdict::TimePoint> look_at_;  // the next look is planned for
    std::array<Entry, max_sentinels> entries_{};
    std::array<Entry, max_sentinels>::iterator end_;
    Replies& replies_;
    std::array<verdict::Probe, nodes> probes_;
    bool must_forget_ = false;  // it was stopped for longer than votes count
    Time stopped_until_ = never;
    Time review_period_ = 100 * ms;
};

}  // namespace spoa::simulation
