// The replies of a Sentinel to the questions that make a vote, always asked in one write:
//
//   SENTINEL GET-MASTER-ADDR-BY-NAME name     the address (never taken from MASTER)
//   SENTINEL MASTER name                      config-epoch and flags
//   SENTINEL GET-MASTER-ADDR-BY-NAME name     the same address again, or the vote is torn
//
// At rest MASTER alone is enough, as long as it repeats the vote before: an address that changes
// changes the epoch or the flags there too.
//
// On the leader of a failover, MASTER shows the old ip:port beside the new config-epoch for a
// second or more (sentinel.c, sentinelGetCurrentMasterAddress): that is why MASTER's address
// only tells whom its flags are about.
#pragma once

#include "resp/value.hpp"
#include "sentinel/vote.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace spoa::sentinel {

// Why a Sentinel's reply is no vote.
enum class Refusal {
    torn,             // the answers do not belong together: ask again
    not_understood,   // a reply of another shape
    noauth,           // NOAUTH: a password is needed
    wrongpass,        // WRONGPASS, or AUTH where no password is set
    noperm,           // NOPERM: the ACL user may not ask this
    unknown_command,  // not a Sentinel, or its command was renamed
    other_error,
};

struct Refused {
    Refusal why = Refusal::not_understood;
    std::string text;  // the peer's own words, as they may be shown; may be empty
};

// A reply's meaning, or why it has none.
template <class T>
using Answer = std::variant<T, Refused>;

// Trouble that only an operator can mend: retry seldom.
bool is_permanent(Refusal refusal) noexcept;

// What an error reply means.
Refused classify(const resp::Error& error);

// It has no password, and AUTH gave one.
bool wants_no_password(const resp::Error& error);

// A vote from the three replies of one write.
Answer<Vote> parse_vote(
    const resp::Value& first_address, const resp::Value& master, const resp::Value& second_address,
    TimePoint now);

// `last` with what MASTER alone says now; torn when it says anything that may come with another
// address, which then needs the full question.
Answer<Vote> repeat_vote(const Vote& last, const resp::Value& master, TimePoint now);

// Whether SENTINEL CKQUORUM found that no failover could be authorized; nothing when the reply is
// neither yes nor no.
std::optional<bool> parse_ckquorum(const resp::Value& reply);

// What SENTINEL REPLICAS tells of the replicas that a Sentinel knows.
struct KnownReplicas {
    std::vector<UnseenReplica> unseen;
    std::vector<Endpoint> promotable;  // all but those of priority 0
    std::vector<KnownProcess> processes;
};

// It does not list those that are not to be announced, nor, for up to ten seconds after a RESET,
// any at all.
Answer<KnownReplicas> parse_replicas(const resp::Value& reply);

// Whether `INFO sentinel` tells of TILT mode.
bool parse_tilt(const resp::Value& info);

// The names that a Sentinel monitors, by its `INFO sentinel`; none when the reply has none.
// SENTINEL MASTERS tells the same in thirty times as many bytes.
std::vector<std::string> parse_monitored(const resp::Value& info);

// Some of the names that a Sentinel monitors, to be shown where it does not know `wanted`: the one
// that differs in upper and lower case alone; else the first few.
std::vector<std::string> nearest_names(
    std::string_view wanted, const std::vector<std::string>& monitored);

// The 40 hex digits of SENTINEL MYID; empty when the Sentinel does not know the command.
Answer<std::string> parse_myid(const resp::Value& reply);

}  // namespace spoa::sentinel
