// What to ask one Sentinel about each name, and when; and what its replies come to. Without
// sockets and clocks: who has the connection hands time and replies over.
#pragma once

#include "sentinel/reply_parser.hpp"
#include "sentinel/vote.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace spoa::sentinel {

// How often to ask which replicas a Sentinel knows.
enum class Replicas : std::uint8_t {
    unasked,
    seldom,  // for a warning before one that no server has is promoted
    often,   // reads go to them
};

// A name to ask about.
struct Topic {
    std::string name;  // empty: there is nothing at this place
    Replicas replicas = Replicas::unasked;

    bool operator==(const Topic&) const = default;
};

// What is asked about a name in one round, and what has to come back.
struct Question {
    std::size_t name = 0;
    bool full = false;      // three commands; else MASTER alone, which must repeat the last vote
    bool ckquorum = false;  // and SENTINEL CKQUORUM
    bool replicas = false;  // and SENTINEL REPLICAS
};

// One write to the Sentinel.
struct Round {
    std::string request;
    std::size_t replies = 0;  // that it will be answered with
    std::vector<Question> questions;
    bool info = false;  // and INFO sentinel, last
    TimePoint asked_at;
};

// What the replies to one question came to.
struct Outcome {
    Answer<Vote> answer;
    std::optional<Refused> no_replicas;  // it does not tell of them, and that is new
};

class Interview {
public:
    Interview(std::vector<Topic> topics, std::chrono::milliseconds poll_interval);

    // A new conversation: nothing of the last one counts. `info` is the reply to INFO sentinel.
    void begin(PeerText sentinel_id, const resp::Value& info, TimePoint now);

    // Other names from now on; one that stays keeps its place.
    void adapt(std::vector<Topic> topics);

    void set_tilt(bool in_tilt) { in_tilt_ = in_tilt; }

    // Its events are not heard: INFO is to tell of TILT meanwhile, and once more afterwards.
    void set_deaf(bool deaf) { deaf_ = deaf, asks_info_ = true; }

    // Ask about this name now and not at the next poll; and what is asked seldom as well.
    void ask_now(std::size_t name) { asked_[name].urgent = is_urgent_ = true; }
    void ask_quorum_now(std::size_t name);
    void ask_replicas_now(std::size_t name);

    // What is urgent, else the next part of the poll that is due; no question when nothing is.
    Round next_round(TimePoint now);

    // When the next part of the poll is due.
    TimePoint next_poll() const { return next_poll_; }

    // Takes the replies to one question off the front of `replies`. A vote is as old as its
    // question: an answer that lay unread while the agent was stopped is not new. Nothing when the
    // name has changed since it was asked about.
    std::optional<Outcome> take(
        const Question& question, std::span<const resp::Value>& replies, TimePoint asked_at);

    // Takes the reply to a round's INFO sentinel: which names there are, for those that are not,
    // and whether it is in TILT.
    void take_info(const resp::Value& info);

private:
    struct Asked {
        Topic topic;
        std::optional<Vote> last{};
        bool urgent = false;
        bool no_quorum = false;  // CKQUORUM's last answer
        TimePoint next_ckquorum{};
        KnownReplicas replicas{};
        TimePoint next_replicas{};
        std::string no_replicas{};  // why it does not tell of them
    };

    std::vector<std::size_t> take_due(TimePoint now);
    Question prepare(std::size_t name, TimePoint now);
    bool is_time_for_replicas(const Asked& asked, TimePoint now) const;
    std::optional<Refused> take_replicas(Asked& asked, const resp::Value& reply, TimePoint now);

    std::chrono::milliseconds poll_interval_;
    std::vector<Asked> asked_;  // by place
    PeerText id_;               // MYID
    bool is_urgent_ = false;    // some name may be
    bool in_tilt_ = false;
    bool deaf_ = false;
    bool asks_info_ = false;
    std::size_t poll_at_ = 0;  // the next name to poll
    TimePoint next_poll_;
    std::vector<std::string> monitored_;  // the names that it monitors, when last asked
    TimePoint next_info_{};
    // One refusal of a question asked seldom is one for all names.
    TimePoint seldom_replicas_from_{};
    std::string seldom_refusal_;
};

}  // namespace spoa::sentinel
