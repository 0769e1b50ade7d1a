#include "fuzz/control_world.hpp"

#include "fuzz/promise.hpp"

#include <algorithm>
#include <utility>

namespace spoa::fuzz {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds query_timeout{250};

std::vector<sentinel::Topic> topics_of(const verdict::Subject& subject)
{
    return {
        {std::string(watched_name),
         subject.replicas ? sentinel::Replicas::often : sentinel::Replicas::seldom}};
}

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

}  // namespace

ControlWorld::ControlWorld(Script& script)
{
    const auto subject = subject_of(script.digit());
    const std::size_t sentinels = 1 + script.digit() % 5;
    watch_.emplace(subject, sentinels, now_);
    for (std::size_t i = 0; i < sentinels; ++i) {
        auto& peer = peers_.emplace_back(
            Peer{{}, sentinel::Interview(topics_of(subject), 500ms), false, {}, {}});
        peer.said.identity = static_cast<unsigned>(i);
    }
    for (unsigned node = 2; node < 4; ++node)
        nodes_.at(node).said.follows = 1;
    for (unsigned node = 1; node < 4; ++node)
        nodes_.at(node).probe.address = endpoint_of(node);
    review();
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
            watch_->cast(place_of(peer), std::move(*vote));
        } else if (const auto why = std::get<sentinel::Refused>(outcome->answer).why;
                   why != sentinel::Refusal::torn) {
            peer.cast.reset();
            watch_->lose(place_of(peer));
        }
    }
    expect(rest.size() == (round.info ? 1U : 0U), "every reply belongs to a question");
}

void ControlWorld::lose(Peer& peer)
{
    peer.up = false;
    peer.pending.reset();
    peer.cast.reset();
    watch_->lose(place_of(peer));
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
    watch_->hear(place_of(peer), *event, now_);
    course_.hear(*event, now_);
    if (event->hint == sentinel::Hint::ask_quorum)
        peer.interview.ask_quorum_now(0);
    else if (event->hint == sentinel::Hint::ask_replicas)
        peer.interview.ask_replicas_now(0);
    else if (event->hint == sentinel::Hint::ask_all)
        for (auto& each : peers_)
            each.interview.ask_now(0);
    else
        peer.interview.ask_now(0);
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
    watch_->examine(probe);
}

void ControlWorld::miss(unsigned place, bool refused)
{
    auto& probe = nodes_.at(place).probe;
    probe.run_id = {};
    if (!probe.silent_since)
        probe.silent_since = now_;
    probe.refused = probe.refused || refused;
    watch_->examine(probe);
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

void ControlWorld::configure(unsigned choice)
{
    auto subject = subject_of(choice);
    for (auto& peer : peers_)
        peer.interview.adapt(topics_of(subject));
    watch_->set_subject(std::move(subject));
    std::vector<Endpoint> probed;
    for (const auto& server : watch_->subject().servers)
        probed.push_back(server.address);
    watch_->set_probed(probed);
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
                      {}, sentinel::Interview(topics_of(watch_->subject()), 500ms), false, {}, {}});
        if (!stays)
            peers.back().said.identity = static_cast<unsigned>(8 + i);
    }
    peers_ = std::move(peers);
    watch_->set_sentinels(before);
}

void ControlWorld::restart()
{
    const auto standing = watch_->standing();
    const auto promotion = watch_->promotion();
    const auto subject = watch_->subject();
    watch_.emplace(subject, peers_.size(), now_);
    replicas_ = {};
    course_ = {};
    if (standing.current) {
        watch_->restore(*standing.current, standing.high_water, now_);
        watch_->resume(
            promotion, standing.shut ? std::optional(standing.shut->state) : std::nullopt);
    }
    for (auto& peer : peers_)
        lose(peer);
}

void ControlWorld::forget()
{
    watch_->forget(now_);
    for (auto& peer : peers_) {
        peer.cast.reset();
        peer.interview.ask_now(0);
    }
}

void ControlWorld::want()
{
    haproxy_api::Situation situation{watch_->verdict(), {}, false};
    if (const auto& promotion = watch_->promotion())
        situation.candidate = promotion->candidate;
    situation.unasked = now_ < watch_->standing().in_force_since + verdict::probe_deadline;
    const auto wishes = haproxy_api::wishes_of(situation, watch_->subject().servers);
    check_wishes(wishes);
    backends_[0].fence.want(wishes, now_);
    if (const auto& policy = watch_->subject().replicas) {
        read_wishes_.follow(
            {watch_->verdict(), replicas_.replicas(), replicas_.reads(), *policy}, now_);
        backends_[1].fence.want(read_wishes_.wishes(), now_);
        for (const auto& [server, drain] : read_wishes_.drains())
            expect(
                haproxy_api::due_to_end(drain, 100, 50, now_) <= 100,
                "no more end than there were");
    }
    haproxy_api::Places places;
    for (const auto& server : watch_->subject().servers)
        places[server.name] = {{server.address}, false};
    for (auto& backend : backends_)
        backend.fence.expect(places, now_);
}

void ControlWorld::review()
{
    const auto before = watch_->standing().current;
    for (const auto& peer : peers_)
        if (peer.cast && peer.cast->address && count_for(*peer.cast->address) > peers_.size() / 2)
            named_.insert(*peer.cast->address);
    watch_->review(now_);
    check_verdict(before);
    replicas_.review(*watch_, now_);
    check_reads();
    want();
    for (int more = 0; course_.follow(
             *watch_,
             {backends_[0].fence.is_out(course_.under_way() ? course_.newest().from : ""), 0},
             now_);
         ++more) {
        expect(more < 20, "news of a failover come to an end");
        expect(
            course_.under_way() || course_.newest().ended == now_,
            "what is told of is the failover that has just ended");
    }
    check_memory();
}

}  // namespace spoa::fuzz
