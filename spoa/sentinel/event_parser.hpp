// What a Sentinel publishes: the channel is the event's name, the payload one of four layouts
// (sentinel.c, sentinelEvent):
//
//   I    master NAME IP PORT[ …]
//   II   slave|sentinel ID IP PORT @ NAME IP PORT[ …]
//   III  NAME OLD-IP OLD-PORT NEW-IP NEW-PORT            only +switch-master
//   IV   free text without a name                        +new-epoch, +vote-for-leader, +tilt …
//
// Nothing marks where NAME ends, and it may have blanks. So those of ours that have some are tried
// first, and else it ends at the first blank.
//
// Events are hints to ask again, never a vote.
#pragma once

#include "base/endpoint.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace spoa::sentinel {

// What to do about an event.
enum class Hint {
    ask_sender,    // this Sentinel's answer has changed, or may have
    ask_all,       // a failover has begun or the configuration was changed: ask every Sentinel
    ask_nodes,     // a data node may have changed its role: ask the nodes
    ask_quorum,    // its peers came or went: ask it whether a failover could be authorized
    ask_replicas,  // a replica came or went: ask it which ones it sees
    note,          // for the log only
};

enum class Subject { master, slave, sentinel, none };

struct Event {
    std::string_view channel;  // with its sign: `+switch-master`; lives as long as the channel list
    Hint hint = Hint::note;
    Subject subject = Subject::none;
    std::string master_name;         // empty in layout IV
    std::optional<Endpoint> node;    // I and II: the instance it is about; III: the new address
    std::optional<Endpoint> master;  // II: the master it belongs to, until the switch the old one
};

// The channels to subscribe to.
std::span<const std::string_view> channels();

// Reads one published message; nothing when channel or layout are unknown. `spaced`: the names with
// blanks in them that are watched.
std::optional<Event> parse_event(
    std::string_view channel, std::string_view payload, std::span<const std::string> spaced = {});

}  // namespace spoa::sentinel
