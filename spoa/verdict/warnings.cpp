#include "verdict/warnings.hpp"

#include "sentinel/electorate.hpp"

#include <algorithm>
#include <set>

namespace spoa::verdict {

std::vector<Endpoint> unmapped_replicas(const Watch& watch)
{
    std::set<Endpoint> unmapped;
    for (const auto& ballot : watch.ballots())
        if (ballot)
            unmapped.insert(ballot->promotable.begin(), ballot->promotable.end());
    return {unmapped.begin(), unmapped.end()};
}

std::size_t nodes_claiming_master(std::span<const Probe> probes, TimePoint now)
{
    return static_cast<std::size_t>(std::ranges::count_if(probes, [&](const Probe& probe) {
        return is_fresh(probe, now) && probe.role == Role::master;
    }));
}

std::uint64_t lag_of(const Watch& watch, const Probe& probe)
{
    const auto& address = watch.verdict().address;
    const auto* const master = address ? find_probe(watch.probes(), *address) : nullptr;
    if (!master || !master->answered_at || !probe.answered_at || master->offset < probe.offset)
        return 0;
    return master->offset - probe.offset;
}

std::vector<std::string> warnings_of(
    const Watch& watch, std::span<const std::string> sentinels, TimePoint now)
{
    std::vector<std::string> warnings;
    const auto& servers = watch.subject().servers;
    std::set<Endpoint> unmapped;
    for (std::size_t i = 0; i < sentinels.size(); ++i) {
        const auto& vote = watch.ballots()[i];
        if (!vote)
            continue;
        const auto says = "Sentinel " + sentinels[i] + " ";
        if (vote->known_sentinels > sentinels.size())
            warnings.push_back(
                says + "knows " + std::to_string(vote->known_sentinels) + " Sentinels and " +
                std::to_string(sentinels.size()) +
                " are configured: add the missing ones to sentinels.addresses, or clear the dead "
                "ones with SENTINEL RESET");
        else if (vote->known_sentinels > 0 && vote->known_sentinels < sentinels.size())
            warnings.push_back(
                says + "knows only " + std::to_string(vote->known_sentinels) + " Sentinels of " +
                std::to_string(sentinels.size()) + ": the others may watch something else");
        if (vote->no_quorum_for_failover)
            warnings.push_back(says + "reports that it could not authorize a failover (CKQUORUM)");
        if (is_spent(watch.standing().promotions, i, now))
            warnings.push_back(
                says +
                "announced promotions that nothing bore out: its word alone closes nothing until it "
                "has announced none for a minute");
        if (vote->in_tilt)
            warnings.push_back(says + "is in TILT mode: it judges nothing for 30 seconds");
        if (vote->address && !servers.empty() &&
            std::ranges::find(servers, *vote->address, &Server::address) == servers.end())
            unmapped.insert(*vote->address);
        if (const auto first = sentinel::same_as(watch.ballots(), i))
            warnings.push_back(
                sentinels[*first] + " and " + sentinels[i] +
                " are the same Sentinel, and its vote counts once: list it once, or give a cloned "
                "one a myid of its own");
    }
    for (const auto& address : unmapped)
        warnings.push_back(
            "a Sentinel announces " + to_string(address) +
            ", which no entry of servers: maps: add it");
    for (const auto& address : unmapped_replicas(watch))
        warnings.push_back(
            "the Sentinels may promote " + to_string(address) +
            ", a replica that no entry of servers: maps: add it, give it replica-priority 0, or "
            "clear it with SENTINEL RESET when it is gone");
    if (const auto masters = nodes_claiming_master(watch.probes(), now); masters > 1)
        warnings.push_back(
            std::to_string(masters) +
            " nodes say that they are master: a failover, or a split brain");
    for (const auto& tombstone : watch.standing().tombstones)
        if (const auto* const probe = find_probe(watch.probes(), tombstone.address);
            !probe || !is_fresh(*probe, now) || probe->role != Role::replica)
            warnings.push_back(
                to_string(tombstone.address) +
                " must not be master any more and has not said yet that it is a replica");
    return warnings;
}

std::string_view way_out(const Verdict& verdict)
{
    switch (verdict.state) {
        case State::ok: return "a majority that names another address at a higher epoch";
        case State::degraded: return "the same as in ok; it is ok again when all Sentinels agree";
        case State::silent:
            return "an answer of the master, or the Sentinels' word that it is down";
        case State::isolated:
            return "a replica that moves again, Sentinels that are answered, or a failover";
        case State::odown:
            return "a failover to another node, or Sentinels that no longer see the master as down";
        case State::switching:
            return "a majority for the promoted node, an abort by the leader, or twice its time-out";
        case State::not_master:
            return "the node's own word that it is master and has its data; of another process, its "
                   "run_id at a majority of the Sentinels, which ask each ten seconds";
        case State::unmapped:
            return "an entry of servers: for the address, a server of HAProxy's that leads there, or "
                   "another master";
        case State::no_quorum: return "answers of a majority of the configured Sentinels";
        case State::conflict:
            return "a majority that stands for 2.5 s, or a higher epoch; with two masters, all "
                   "Sentinels content with the one in force for 10 s";
        case State::regress:
            return "the same majority for 10 s while nobody claims the higher epoch for another address";
        case State::stale: return "answers of a majority of the configured Sentinels";
        case State::unknown_name: return "SENTINEL MONITOR on a majority, or a corrected name";
    }
    return {};
}

}  // namespace spoa::verdict
