#include "fuzz/control_world.hpp"

#include "fuzz/promise.hpp"

#include <algorithm>
#include <utility>

namespace spoa::fuzz {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds query_timeout{250};
constexpr std::chrono::milliseconds vote_ttl{1'500};

std::vector<sentinel::Topic> topics_of(const verdict::Subject& subject)
{
    return {
        {std::string(watched_name),
         subject.replicas ? sentinel::Replicas::often : sentinel::Replicas::seldom}};
}

}  // namespace

verdict::Subject subject_of(unsigned choice)
{
    verdict::Subject subject;
    subject.name = watched_name;
    for (unsigned node = 1; node < 4; ++node)
        subject.servers.push_back({"R" + std::to_string(node), endpoint_of(node)});
    if ((choice & 1U) != 0)
        subject.policy.no_quorum = verdict::NoQuorum::refuse;
    if ((choice & 2U) != 0)
        subject.policy.odown = subject.policy.switching = subject.policy.isolated =
            verdict::InDoubt::keep;
    if ((choice & 4U) != 0) {
        subject.policy.no_quorum_hold = 3s;
        subject.servers.pop_back();
    }
    if ((choice & 8U) == 0)
        return subject;
    auto& reads = subject.replicas.emplace();
    reads.strict = (choice & 1U) != 0;
    reads.max_lag = 1'000;
    if ((choice & 4U) != 0) {
        reads.weights = {{"R2", 2}, {"R1", 0}};
        reads.prefer = {"R2"};
        reads.drain = 0ms;
    }
    return subject;
}

ControlWorld::ControlWorld(Script& script)
{
    auto subject = subject_of(script.digit());
    const std::size_t sentinels = 1 + script.digit() % 5;
    for (std::size_t i = 0; i < sentinels; ++i) {
        auto& peer = peers_.emplace_back(
            Peer{{}, sentinel::Interview(topics_of(subject), 500ms), false, {}, {}});
        peer.said.identity = static_cast<unsigned>(i);
    }
    names_.emplace(static_cast<const monitor::Surroundings&>(*this), now_);
    configure(std::move(subject), std::vector<std::optional<std::size_t>>(sentinels));
    for (unsigned node = 2; node < 4; ++node)
        nodes_.at(node).said.follows = 1;
    for (unsigned node = 1; node < 4; ++node)
        nodes_.at(node).probe.address = endpoint_of(node);
}

void ControlWorld::connect(Peer& peer)
{
    const auto replies = values_of(peer.said.id() + peer.said.info(), 2);
    expect(replies.has_value(), "our own Sentinel speaks RESP");
    auto id = sentinel::parse_myid(replies->front());
    if (std::holds_alternative<sentinel::Refused>(id))
        return;
    peer.interview.begin(std::get<std::string>(std::move(id)), replies->back(), now_);
    peer.up = true;
}

void ControlWorld::begin(Peer& peer)
{
    if (!peer.up)
        connect(peer);
    if (peer.pending || !peer.up)
        return;
    auto round = peer.interview.next_round(now_);
    if (!round.questions.empty())
        peer.pending = std::move(round);
}

void ControlWorld::finish(Peer& peer)
{
    if (!peer.pending)
        return;
    const auto& round = *peer.pending;
    auto bytes = std::exchange(peer.said.instead, {});
    if (bytes.empty()) {
        const auto commands = values_of(round.request, round.replies);
        expect(commands.has_value(), "a request is as many commands as replies are awaited");
        for (const auto& command : *commands)
            bytes += peer.said.answer(*command.array());
    }
    const auto replies = values_of(bytes, round.replies);
    if (!replies || now_ - round.asked_at > query_timeout)
        lose(peer);
    else
        take(peer, *replies);
}

void ControlWorld::take(Peer& peer, const std::vector<resp::Value>& replies)
{
    const auto round = *std::exchange(peer.pending, {});
    std::span<const resp::Value> rest(replies);
    if (round.info)
        peer.interview.take_info(rest.back());
    for (const auto& question : round.questions) {
        auto outcome = peer.interview.take(question, rest, round.asked_at);
        if (!outcome)
            continue;
        if (auto* const vote = std::get_if<sentinel::Vote>(&outcome->answer)) {
            peer.cast = *vote;
            note_majority();
            perform(names_->on_vote(place_of(peer), 0, std::move(*vote), now_));
        } else if (const auto why = std::get<sentinel::Refused>(outcome->answer).why;
                   why != sentinel::Refusal::torn) {
            peer.cast.reset();
            perform(names_->on_no_vote(place_of(peer), 0, now_));
        }
    }
    expect(rest.size() == (round.info ? 1U : 0U), "every reply belongs to a question");
}

void ControlWorld::lose(Peer& peer)
{
    peer.up = false;
    peer.pending.reset();
    peer.cast.reset();
    perform(names_->on_sentinel_down(place_of(peer), now_));
}

void ControlWorld::hear(Peer& peer, const std::string& bytes)
{
    const auto values = values_of(bytes, 1);
    if (!values) {
        lose(peer);
        return;
    }
    const auto* const parts = values->front().array();
    if (!parts || parts->size() != 3)
        return;
    const auto* const channel = (*parts)[1].text();
    const auto* const payload = (*parts)[2].text();
    if (!channel || !payload)
        return;
    const auto event = sentinel::parse_event(*channel, *payload);
    if (!event)
        return;
    if (event->channel.ends_with("tilt"))
        peer.interview.set_tilt(event->channel.front() == '+');
    if (event->master_name != watched_name)
        return;
    perform(names_->on_event(place_of(peer), 0, *event, now_));
}

void ControlWorld::probe(unsigned place)
{
    auto& node = nodes_.at(place);
    auto bytes = std::exchange(node.said.instead, {});
    if (bytes.empty()) {
        std::array<ScriptedNode, nodes> all;
        std::ranges::transform(nodes_, all.begin(), &Node::said);
        bytes = node.said.answer(place, all);
    }
    const auto replies = values_of(bytes, 2);
    if (!replies || replies->front().error()) {
        miss(place, false);
        return;
    }
    auto& probe = node.probe;
    if (const auto info = node::parse_info(replies->back())) {
        verdict::hear_info(probe, *info, now_);
        if (const auto restart = node.restarts.take(*info))
            (void)restart->has_less();
    }
    verdict::hear_role(probe, node::parse_role(replies->front()).value_or(node::RoleReply()), now_);
    perform(names_->on_probe(0, probe, now_));
}

void ControlWorld::miss(unsigned place, bool refused)
{
    auto& probe = nodes_.at(place).probe;
    probe.run_id = {};
    if (!probe.silent_since)
        probe.silent_since = now_;
    probe.refused = probe.refused || refused;
    perform(names_->on_probe(0, probe, now_));
}

// As daemon/runtime_api has it.
void ControlWorld::turn(Backend& backend)
{
    auto& fence = backend.fence;
    const std::array commands{fence.begin(now_)};
    for (const auto* const list : {&commands[0].opening, &commands[0].closing})
        for (const auto& command : *list)
            expect(command.find_first_of(";\n\\") == std::string::npos, "a command is one command");
    auto text = std::exchange(haproxy_.instead, {});
    if (text.empty())
        text = haproxy_.answer(haproxy_api::batch_of(commands));
    const auto reply = haproxy_api::parse_reply(text);
    if (reply.cut) {
        fence.lose(now_, now_);
        backend.trouble = "its answer is cut";
        return;
    }
    backend.trouble = haproxy_api::trouble_in(reply);
    if (const auto* const seen = reply.find(fence.backend()))
        (void)fence.take(*seen, now_);
    else
        fence.lack(now_);
}

std::vector<verdict::Misplaced> ControlWorld::misplaced(const Backend& backend) const
{
    const std::array<const haproxy_api::Fence*, 1> fences{&backend.fence};
    std::vector<verdict::Misplaced> out;
    for (auto& [name, why] : haproxy_api::misplaced_in(fences))
        out.push_back({name, why});
    return out;
}

void ControlWorld::configure(
    verdict::Subject subject, const std::vector<std::optional<std::size_t>>& peers)
{
    for (auto& peer : peers_)
        peer.interview.adapt(topics_of(subject));
    std::vector<Endpoint> probed;
    for (const auto& server : subject.servers)
        probed.push_back(server.address);
    for (std::size_t i = 0; i < peers.size(); ++i)
        subject.sentinels.push_back("s" + std::to_string(i) + ":26379");
    names_->configure({std::move(subject)}, peers, vote_ttl, now_);
    names_->set_probed(0, probed);
    perform(names_->review(now_));
}

void ControlWorld::set_sentinels(std::size_t count)
{
    std::vector<std::optional<std::size_t>> before;
    std::vector<Peer> peers;
    for (std::size_t i = 0; i < count; ++i) {
        const auto place = (i + 1) % count;  // those that stay have other places
        const bool stays = place < peers_.size();
        before.push_back(stays ? std::optional(place) : std::nullopt);
        peers.push_back(
            stays
                ? peers_[place]
                : Peer{
                      {}, sentinel::Interview(topics_of(watch().subject()), 500ms), false, {}, {}});
        if (!stays)
            peers.back().said.identity = static_cast<unsigned>(8 + i);
    }
    peers_ = std::move(peers);
    auto subject = watch().subject();
    subject.sentinels.clear();
    configure(std::move(subject), before);
}

void ControlWorld::restart()
{
    const auto saved = names_->saved_masters(now_);
    auto subject = watch().subject();
    subject.sentinels.clear();
    names_.emplace(static_cast<const monitor::Surroundings&>(*this), now_);
    configure(std::move(subject), std::vector<std::optional<std::size_t>>(peers_.size()));
    names_->restore(saved, now_);
    current_ = watch().standing().current;
    for (auto& peer : peers_)
        lose(peer);
}

// As after a stop of the process.
void ControlWorld::forget()
{
    names_->forget(0, now_);
    for (auto& peer : peers_) {
        peer.cast.reset();
        peer.interview.ask_now(0);
    }
}

void ControlWorld::want()
{
    check_wishes();
    backends_[0].fence.want(name().wishes, now_);
    if (watch().subject().replicas) {
        backends_[1].fence.want(name().read_wishes.wishes(), now_);
        for (const auto& [server, drain] : name().read_wishes.drains())
            expect(
                haproxy_api::due_to_end(drain, 100, 50, now_) <= 100,
                "no more end than there were");
    }
    haproxy_api::Places places;
    for (const auto& server : watch().subject().servers)
        places[server.name] = {{server.address}, false};
    for (auto& backend : backends_)
        backend.fence.expect(places, now_);
}

void ControlWorld::note_majority()
{
    for (const auto& peer : peers_)
        if (peer.cast && peer.cast->address && count_for(*peer.cast->address) > peers_.size() / 2)
            named_.insert(*peer.cast->address);
}

haproxy_api::Readiness ControlWorld::readiness(std::size_t, const std::string& server) const
{
    const std::array fences{&backends_[0].fence};
    return haproxy_api::readiness_of(server, fences, backends_[0].trouble.empty());
}

verdict::SessionsSeen ControlWorld::sessions(std::size_t, const verdict::Failover* under_way) const
{
    return {backends_[0].fence.is_out(under_way ? under_way->from : ""), 0};
}

void ControlWorld::perform(const monitor::Effects& effects)
{
    if (effects.forgotten)
        for (auto& peer : peers_)
            peer.cast.reset();
    note_majority();
    expect(effects.steps.size() < 20, "news of a failover come to an end");
    for (const auto& [place, failover] : effects.steps)
        expect(
            !failover.ended || *failover.ended == now_,
            "what is told of is under way, or has just ended");
    using Whom = monitor::Question::Whom;
    for (const auto& [whom, place, sentinel] : effects.questions)
        switch (whom) {
            case Whom::sentinel: peers_.at(sentinel).interview.ask_now(0); break;
            case Whom::its_quorum: peers_.at(sentinel).interview.ask_quorum_now(0); break;
            case Whom::its_replicas: peers_.at(sentinel).interview.ask_replicas_now(0); break;
            case Whom::everybody:
                for (auto& each : peers_)
                    each.interview.ask_now(0);
                break;
            default: break;
        }
    check_verdict(std::exchange(current_, watch().standing().current));
    check_reads();
    want();
    check_memory();
}

}  // namespace spoa::fuzz
