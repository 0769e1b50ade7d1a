// One schedule: a deployment of Sentinels, nodes and agents, what befalls it, and its healing.
#pragma once

#include "simulation/agent.hpp"
#include "simulation/world.hpp"

#include <deque>
#include <optional>

namespace spoa::simulation {

struct Request {
    std::uint64_t seed = 1;
    int sentinels = 3;
};

struct Figures {
    std::uint64_t virtual_ms = 0;
    std::uint64_t happenings = 0;
    std::uint64_t switches = 0;
};

class Schedule final : public Subscriber {
public:
    // The timeline and the replies are lent, and used again by the next schedule.
    Schedule(
        const Request& request, std::uint64_t number, Timeline& timeline, Replies& replies,
        Journal& journal);

    // Throws Violation.
    void run(Figures& figures);

    void on_published(int sentinel, int event, int node, int master) override;

private:
    Setup draw_setup(const Request& request);
    void plan_actions();
    void dispatch(const Happening& happening);
    void act();  // actions.cpp, as those below
    void act_on_sentinels(int which);
    void act_on_nodes(int which);
    void act_on_agents(int which);
    void leave_two_masters();
    void cut_a_host();
    void give_an_address_away();
    int liars() const;
    void undo(const Happening& happening);
    void check_agents();
    bool is_settled();
    void undo_later(Time delay, std::uint64_t what, int who, int other = 0);

    Timeline& timeline_;
    Journal& journal_;
    Random random_;
    Setup setup_;
    World world_;
    std::deque<Agent> agents_;
    Time heal_at_ = 0;
    bool healed_ = false;
    Time agreed_since_ = never;  // after the healing
    Time diverged_since_ = never;
    Time last_stop_ = never;
};

// The codes of What::undo.
enum Undo : std::uint64_t {
    start_newest,
    start_oldest,
    start_lost,
    join_peers,
    join_agents,
    node_back,
    address_taken,
    join_host,
    resolve,
    be_honest,
    monitor_again,
    kill_leader = 100,
    reset_leader = 101,
    stop_leader = 102,
};

}  // namespace spoa::simulation
