// A model of Redis Sentinel, as far as an agent can tell: epochs, elections, the promotion that
// only the leader knows, hellos, TILT, and the data nodes behind them. It follows sentinel.c of
// Redis 7; what a step is named after is the name of an event or of a function there.
#pragma once

#include "simulation/journal.hpp"
#include "simulation/random.hpp"
#include "simulation/timeline.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

namespace spoa::simulation {

inline constexpr int max_sentinels = 5;
inline constexpr int nodes = 3;
inline constexpr int nowhere = -1;   // no address: the name is not monitored
inline constexpr int elsewhere = 3;  // an address that no node has

struct Setup {
    int sentinels = 3;
    int agents = 1;
    int quorum = 2;  // Sentinel's own, for o_down
    Time down_after = 500 * ms;
    Time failover_timeout = 10 * second;
    bool probed = false;   // the agents ask the data nodes too
    bool forgets = false;  // nodes start anew without their data
    int start_epoch = 0;
    bool split_start = false;  // Sentinels start with different addresses at one epoch
    int duplicate_of = -1;     // the agents' last entry leads to this Sentinel
    int tearing = 4;           // per cent of the full questions that are answered apart
};

enum class Failover : std::uint8_t { none, wait_start, select, send_noone, wait_promotion, reconf };

// What a Sentinel keeps on its disk.
struct SavedFile {
    int address = 0;
    std::uint64_t config_epoch = 0;
    std::uint64_t current_epoch = 0;
};

struct Sentinel {
    bool alive = true;
    Time stopped_until = never;  // SIGSTOP: it keeps its connections and says nothing
    Time last_tick = 0;
    Time tilt_until = never;
    Time tilt_over_at = -10 * second;
    int address = 0;  // of `sentinel monitor`; nowhere: REMOVEd
    std::uint64_t config_epoch = 0;
    std::uint64_t current_epoch = 0;
    int identity = 0;         // its MYID
    std::uint32_t known = 0;  // identities, itself included, since the last RESET
    bool cannot_resolve = false;
    std::uint32_t cut_from_peers = 0;   // bits of Sentinels
    std::uint32_t cut_from_agents = 0;  // bits of agents

    Failover state = Failover::none;
    bool forced = false;  // SENTINEL FAILOVER
    int promoted = nowhere;
    std::uint64_t failover_epoch = 0;
    Time failover_started = 0;
    Time state_since = 0;  // of none, too
    Time last_attempt = -1'000 * second;
    Time step_at = 0;                // when the state's next step is due
    std::uint64_t leader_epoch = 0;  // its last vote for a leader,
    int leader = -1;                 // and for which identity

    // Of its master's process, by INFO: nowhere until the first one.
    int run_id = nowhere;
    Time info_at = never;

    Time next_hello = 0;
    Time unreachable_since = never;  // of its master
    // Its connection to the master: being made until then, and the PINGs on it (sentinel.c,
    // act_ping_time and last_avail_time).
    Time linked_at = 0;
    Time ping_sent = never;  // never: it was answered
    Time last_pong = 0;
    std::array<Time, 4> unseen_at{-100 * second, -100 * second, -100 * second, -100 * second};
    bool s_down = false;
    bool o_down = false;
    std::array<Time, nodes> wrong_master_since{};  // a node that is no master of ours says it is
    std::array<SavedFile, 4> files{};              // the last ones, oldest first

    // stuck: honest, but that its failover never ends
    // flaps: it begins and aborts promotions without end, by events, flags and addresses
    enum class Lie : std::uint8_t { none, constant, each_time, stuck, flaps } lie = Lie::none;
    std::uint64_t lie_seed = 0;
    Time lied_until = -10 * second;
    Time flapped_until = -10 * second;
    bool clones_identity = false;  // and it claims the MYID of another

    bool running(Time now) const { return alive && stopped_until <= now; }
    bool in_tilt(Time now) const { return tilt_until > now; }
    bool honest() const { return lie == Lie::none; }
    bool leads() const { return state != Failover::none; }
    bool promoting() const { return state >= Failover::send_noone; }
    // sentinelGetCurrentMasterAddress
    int current_address() const { return state == Failover::reconf ? promoted : address; }
};

struct Node {
    bool up = true;
    Time stopped_until = never;
    bool master = false;
    bool loading = false;
    std::uint32_t cut_from_sentinels = 0;
    std::uint32_t cut_from_agents = 0;
    bool cut_from_nodes = false;
    std::uint64_t offset = 1'000;
    Time written_until = 0;  // how far `offset` has been brought
    int upstream = 0;
    int process = 0;
    bool foreign = false;  // somebody else's, which was given the address
    // Of a replica: its link to `upstream`, which a silent cut does not end, and what it
    // acknowledged there last, once a second.
    bool linked = false;
    std::uint64_t acknowledged = 0;
    Time heard_at = 0;  // by its master
    Time next_acknowledgement = 0;
    Time followed_at = 0;            // of a master: a replica last got what it writes
    Time role_since = -10 * second;  // also: since its last trouble
    Time cut_at = -10 * second;      // last moment at which it was cut off from anything

    bool running(Time now) const { return up && stopped_until <= now; }
};

// What a Sentinel answers at one moment to GET-MASTER-ADDR-BY-NAME and MASTER.
struct Said {
    int get = nowhere;
    int master = nowhere;
    std::uint64_t config_epoch = 0;
    int run_id = nowhere;
    bool disconnected = false;
    bool s_down = false;
    bool o_down = false;
    bool in_progress = false;
    Failover state = Failover::none;
    Time ping_sent = 0;  // how long ago; 0: it was answered
    Time last_pong = 0;  // how long ago
    int known = 1;
    bool tilt = false;
    int identity = 0;
    bool honest = true;
};

// Who reads what the Sentinels publish. `node` and `master` may be nowhere.
class Subscriber {
public:
    virtual ~Subscriber() = default;
    virtual void on_published(int sentinel, int event, int node, int master) = 0;
};

// forget: RESET before the leader knows that the replica was promoted
enum class Ambush : std::uint8_t { none, kill, reset, stop, forget };

class World {
public:
    World(const Setup& setup, Random& random, Timeline& timeline, Journal& journal);

    // What happens.
    void tick(int who);
    void take_hello(const Happening& hello);
    void take_vote_request(const Happening& request);
    void wake(int who);

    // What operators and misfortune do.
    void force_failover(int who);
    void reset(int who);
    void remove(int who);
    void monitor(int who, int node);
    void kill(int who);
    void start(int who, int file, bool lost_config);  // file: 0 the newest, 3 the oldest kept
    void stop(int who, Time until);
    void enter_tilt(int who);
    void set_lie(int who, Sentinel::Lie lie);
    void start_node(int node);
    void take_address(int node);  // by a master of somebody else
    // A host is cut off with all that runs there: the Sentinel, the node and the agent of its
    // number. `resets`: its connections end at once.
    void cut_host(int host, bool resets);
    void join_host(int host);
    void heal();
    // Sentinels that cannot agree by themselves get a failover, an unfit master its role.
    void mend();

    Said ask(int who);
    bool connected(int who, int other) const;
    bool sees(int who, int node) const;
    bool all_agree() const;
    bool failover_running() const;
    // Brings offsets, links and acknowledgements up to now.
    void advance_offsets();
    // Whether what runs on two hosts is separated.
    bool apart(int host, int other) const
    {
        return host != other && ((cut_hosts >> static_cast<unsigned>(host) |
                                  cut_hosts >> static_cast<unsigned>(other)) &
                                 1U) != 0;
    }
    // Whether what the node sends reaches its master, and is answered.
    bool reaches_master(int node) const;
    // Whether some replica of the node gets what it writes.
    bool is_followed(int node) const;
    Time now() const { return timeline_.now(); }
    const Setup& setup() const { return setup_; }

    std::array<Sentinel, max_sentinels> sentinels{};
    std::array<Node, nodes> data{};
    std::uint32_t cut_hosts = 0;  // bits
    std::uint32_t ever_lied = 0;  // bits of Sentinels
    std::uint64_t version = 1;    // rises with every change of what anybody would be told
    Time answers_changed = 0;     // when some honest Sentinel last answered another address
    std::array<Time, nodes + 1> seen_down{};       // when an honest Sentinel last saw it as down
    std::array<Time, nodes + 1> seen_promoting{};  // when a leader was last about to replace it
    std::array<std::uint32_t, nodes + 1> promoters{};  // and who, of late: bits of Sentinels
    Ambush ambush = Ambush::none;                      // of the next leader, around its promotion
    Time ambush_delay = 0;
    bool other_choice = false;   // leaders select different replicas
    bool slow_replica = false;   // the leader's last phase lasts long
    bool cannot_demote = false;  // a master too many refuses to become a replica, for good
    bool two_faced = false;      // some Sentinel may have told each agent something else
    Subscriber* subscriber = nullptr;

private:
    void flap(int who);
    void look_at_master(int who);
    void ping_master(int who);
    void begin_link(int who);
    void ask_info(int who);
    void count_o_down(int who);
    void step_failover(int who);
    void note_promotion(int who);
    void start_failover(int who, bool forced);
    void become_promoted(int who);
    void finish(int who);
    void abort(int who, int event);
    void send_hello(int who);
    void switch_to(int who, int node);
    void clear_failover(Sentinel& sentinel);
    void demote_wrong_masters(int who);
    void save(int who);
    void touch() { ++version; }
    void changed_answer() { touch(), answers_changed = now(); }
    int select_replica(int who);
    int votes_for_me(int who) const;
    void publish(int who, int event, int node = nowhere);
    void make_master(int node);
    void make_replica(int node, int upstream);

    Setup setup_;
    Random& random_;
    Timeline& timeline_;
    Journal& journal_;
    int next_identity_ = max_sentinels;
    int next_process_ = nodes + 1;
};

// The events that the model publishes, by number.
enum Event : int {
    ev_sdown,
    ev_sdown_over,
    ev_odown,
    ev_odown_over,
    ev_try_failover,
    ev_elected_leader,
    ev_selected_slave,
    ev_send_noone,
    ev_wait_promotion,
    ev_promoted_slave,
    ev_failover_end,
    ev_switch_master,
    ev_config_update_from,
    ev_abort_not_elected,
    ev_abort_no_good_slave,
    ev_abort_slave_timeout,
    ev_reset_master,
    ev_monitor,
    ev_unmonitor,
    ev_tilt,
    ev_tilt_over,
};
struct EventText {
    std::string_view channel;
    char layout;  // m: master, s: slave, w: +switch-master, t: free text
};
const EventText& text_of(int event);

}  // namespace spoa::simulation
