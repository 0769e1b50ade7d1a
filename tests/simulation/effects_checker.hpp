// Whether what an agent was told to do, and did, is what it should have come to: nothing dropped,
// nothing done twice, nothing done to another name.
#pragma once

#include "monitor/monitored_names.hpp"
#include "simulation/timeline.hpp"

#include <optional>
#include <vector>

namespace spoa::simulation {

class EffectsChecker {
public:
    // The agent starts: what is known of the names is what everybody is told at first.
    void start(const monitor::MonitoredNames& names);

    // Performs the effects in its own books.
    void perform(const monitor::Effects& effects, const monitor::MonitoredNames& names, Time now);

    // Compares the books with the names. Throws Violation.
    void check(const monitor::MonitoredNames& names, Time now) const;

    // What the state file has.
    const std::vector<monitor::SavedMaster>& saved() const { return saved_; }

private:
    struct Book {
        verdict::Verdict published;
        bool held_back = false;
        Time held_since = never;
        verdict::ReadSet reads;
        haproxy_api::Wishes wanted;
        haproxy_api::Wishes reads_wanted;
        verdict::Verdict told;                      // to people
        std::optional<verdict::Failover> failover;  // likewise, as far as they were told
    };

    void publish(Book& book, const monitor::MonitoredName& name, Time now) const;

    std::vector<Book> books_;  // by the place of the name
    std::vector<monitor::SavedMaster> saved_;
};

}  // namespace spoa::simulation
