// Sentinels and data nodes in memory: what they are, as a script has it, and the bytes that they
// answer.
#pragma once

#include "base/endpoint.hpp"
#include "base/run_id.hpp"
#include "fuzz/cuts.hpp"
#include "resp/reader.hpp"
#include "sentinel/event_parser.hpp"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spoa::fuzz {

inline constexpr std::string_view watched_name = "mymaster";

// Nodes 1 to 3 are those of the configuration; 4 is a stranger.
inline constexpr unsigned nodes = 5;
inline Endpoint endpoint_of(unsigned node)
{
    return {"10.0.0." + std::to_string(node), 6379};
}

inline std::string bulk(std::string_view text)
{
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

inline std::string array(const std::vector<std::string>& texts)
{
    std::string out = "*" + std::to_string(texts.size()) + "\r\n";
    for (const auto& text : texts)
        out += bulk(text);
    return out;
}

// The values in bytes that arrive in pieces; nothing when they are not so many whole ones.
inline std::optional<std::vector<resp::Value>> values_of(std::string_view bytes, std::size_t count)
{
    Cuts cuts(std::as_bytes(std::span(bytes)));
    resp::Reader reader;
    std::vector<resp::Value> values;
    for (;;) {
        auto next = reader.next();
        if (!next)
            return std::nullopt;
        if (*next) {
            values.push_back(*std::move(*next));
            if (values.size() == count)
                return values;
        } else if (bytes.empty()) {
            return std::nullopt;
        } else {
            const auto size = cuts.next(bytes.size());
            reader.feed(bytes.substr(0, size));
            bytes.remove_prefix(size);
        }
    }
}

inline std::string run_id(unsigned process)
{
    const auto digits = std::to_string(process);
    return std::string(RunId::digits - digits.size(), '0') + digits;
}

// What is in a script's hands of a Sentinel.
struct ScriptedSentinel {
    enum Flag : unsigned {
        s_down,
        o_down,
        in_progress,
        disconnected,
        promoting,
        tilt,
        no_quorum,
        torn,
        stalled,
        old,
        replicas_refused,
        few_peers
    };

    unsigned node = 1;  // 0: it does not know the name
    std::uint64_t epoch = 1;
    unsigned identity = 0;
    unsigned process = 0;  // which it knows at the master's address; 0: none yet
    unsigned flags = 0;
    std::array<unsigned, nodes> replicas{};  // of each: 1 s_down, 2 disconnected, 4 never promoted
    std::string instead;                     // its next answer

    bool is(Flag flag) const { return (flags >> flag & 1U) != 0; }

    std::string id() const
    {
        if (is(old))
            return "-ERR Unknown sentinel subcommand 'MYID'\r\n";
        return bulk(std::string(39, 'a') + "0123456789abcdef"[identity % 16]);
    }

    std::string info() const
    {
        return bulk(
            "# Sentinel\r\nsentinel_masters:1\r\nsentinel_tilt:" +
            std::string(is(tilt) ? "1" : "0") +
            "\r\nmaster0:name=MyMaster,status=ok,address=10.0.0.1:6379,slaves=2,sentinels=3\r\n");
    }

    std::string answer(const resp::Array& words)
    {
        const auto word = [&](std::size_t i) {
            const auto* const text = i < words.size() ? words[i].text() : nullptr;
            return text ? std::string_view(*text) : std::string_view();
        };
        if (word(0) == "INFO")
            return info();
        if (word(1) == "GET-MASTER-ADDR-BY-NAME")
            return address();
        if (word(1) == "MASTER")
            return master();
        if (word(1) == "CKQUORUM")
            return is(no_quorum) ? "-NOQUORUM 1 usable Sentinels\r\n"
                                 : "+OK 3 usable Sentinels\r\n";
        return is(replicas_refused) ? "-NOPERM this user has no permissions\r\n"
                                    : list_of_replicas();
    }

private:
    std::string address()
    {
        if (node == 0)
            return "*-1\r\n";
        if (is(torn)) {
            flags ^= 1U << torn;
            return array({endpoint_of(node % 3 + 1).host, "6379"});
        }
        return array({endpoint_of(node).host, "6379"});
    }

    std::string master() const
    {
        if (node == 0)
            return "-ERR No such master with that name\r\n";
        std::string words = "master";
        constexpr std::array<std::pair<Flag, const char*>, 4> names{
            {{s_down, ",s_down"},
             {o_down, ",o_down"},
             {in_progress, ",failover_in_progress"},
             {disconnected, ",disconnected"}}};
        for (const auto& [flag, name] : names)
            if (is(flag))
                words += name;
        std::vector<std::string> fields{
            "name",
            std::string(watched_name),
            "ip",
            endpoint_of(node).host,
            "port",
            "6379",
            "runid",
            process == 0 ? "" : run_id(process),
            "flags",
            words,
            "last-ping-sent",
            is(stalled) ? "3000" : "0",
            "last-ok-ping-reply",
            is(stalled) ? "4000" : "10",
            "last-ping-reply",
            "4000",
            "config-epoch",
            std::to_string(epoch),
            "num-other-sentinels",
            is(few_peers) ? "0" : "2",
            "failover-timeout",
            "2000"};
        if (is(promoting)) {
            fields.emplace_back("failover-state");
            fields.emplace_back("wait_promotion");
        }
        return array(fields);
    }

    std::string list_of_replicas() const
    {
        std::string out;
        int count = 0;
        for (unsigned each = 1; each < nodes; ++each) {
            if (each == node)
                continue;
            ++count;
            const auto view = replicas.at(each);
            out += array(
                {"name",
                 endpoint_of(each).host + ":6379",
                 "ip",
                 endpoint_of(each).host,
                 "port",
                 "6379",
                 "flags",
                 std::string("slave") + ((view & 1U) != 0 ? ",s_down" : "") +
                     ((view & 2U) != 0 ? ",disconnected" : ""),
                 "slave-priority",
                 (view & 4U) != 0 ? "0" : "100"});
        }
        return "*" + std::to_string(count) + "\r\n" + out;
    }
};

// What a Sentinel publishes, as it comes over its subscription.
inline std::string message(std::string_view channel, unsigned about, unsigned master)
{
    const auto host = [](unsigned node) { return endpoint_of(node).host; };
    const std::string name(watched_name);
    std::string payload = "master " + name + ' ' + host(about) + " 6379";
    if (channel == "+switch-master")
        payload = name + ' ' + host(master) + " 6379 " + host(about) + " 6379";
    else if (channel.ends_with("tilt"))
        payload = "#tilt mode entered";
    else if (channel.ends_with("sentinel"))
        payload = "sentinel aa 10.0.1.1 26379 @ " + name + ' ' + host(master) + " 6379";
    else if (about != master)
        payload = "slave " + host(about) + ":6379 " + host(about) + " 6379 @ " + name + ' ' +
                  host(master) + " 6379";
    return array({"message", std::string(channel), payload});
}

// What is in a script's hands of a data node.
struct ScriptedNode {
    enum Flag : unsigned { loading, linked, syncing, hidden, reserved, refuses_info, sync_below };

    unsigned follows = 0;  // 0: it is a master
    unsigned flags = 1U << linked;
    std::uint64_t offset = 1000;
    std::uint64_t keys = 10;
    unsigned process = 1;
    unsigned lag = 0;
    std::string instead;  // its next answer

    bool is(Flag flag) const { return (flags >> flag & 1U) != 0; }

    // ROLE and INFO, beside the others.
    std::string answer(unsigned self, const std::array<ScriptedNode, nodes>& all) const
    {
        std::string role;
        std::string rows;
        const auto number = [](std::uint64_t n) { return ":" + std::to_string(n) + "\r\n"; };
        if (follows == 0) {
            std::string list;
            int count = 0;
            for (unsigned other = 1; other < nodes; ++other) {
                const auto& each = all.at(other);
                if (other == self || each.follows != self || !each.is(linked))
                    continue;
                rows += "slave" + std::to_string(count++) + ":ip=" + endpoint_of(other).host +
                        ",port=6379,state=" + (each.is(sync_below) ? "wait_bgsave" : "online") +
                        ",offset=" + std::to_string(each.offset) +
                        ",lag=" + std::to_string(each.lag) + "\r\n";
                list += array({endpoint_of(other).host, "6379", std::to_string(each.offset)});
            }
            role = "*3\r\n" + bulk("master") + number(offset) + "*" + std::to_string(count) +
                   "\r\n" + list;
        } else {
            role = "*5\r\n" + bulk("slave") + bulk(endpoint_of(follows).host) + number(6379) +
                   bulk(
                       is(linked)    ? "connected"
                       : is(syncing) ? "sync"
                                     : "connect") +
                   (is(linked) ? number(offset) : ":-1\r\n");
            rows = "master_host:" + endpoint_of(follows).host +
                   "\r\nmaster_port:6379\r\nmaster_link_status:" + (is(linked) ? "up" : "down") +
                   "\r\nslave_repl_offset:" + std::to_string(offset) + "\r\n";
        }
        if (is(refuses_info))
            return role + "-NOPERM this user has no permissions\r\n";
        return role + bulk(
                          "run_id:" + run_id(process) + "\r\nloading:" + (is(loading) ? "1" : "0") +
                          "\r\nconnected_slaves:2\r\nmaster_repl_offset:" + std::to_string(offset) +
                          "\r\n" + rows + "replica_announced:" + (is(hidden) ? "0" : "1") +
                          "\r\nslave_priority:" + (is(reserved) ? "0" : "100") +
                          "\r\ndb0:keys=" + std::to_string(keys) + ",expires=0,avg_ttl=0\r\n");
    }
};

}  // namespace spoa::fuzz
