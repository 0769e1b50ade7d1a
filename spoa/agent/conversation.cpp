#include "agent/conversation.hpp"

#include "agent/message_query.hpp"
#include "agent/reads.hpp"
#include "spop/ack.hpp"
#include "spop/disconnect.hpp"
#include "spop/error.hpp"
#include "spop/hello.hpp"

namespace spoa::agent {
namespace {

using spop::Errc;

struct Refusals {
    Bytes unknown_name = encode_refusal("the agent is not configured for this name");
    Bytes no_name = encode_refusal("no argument master, and several names are configured");
    Bytes bad_name = encode_refusal("the argument master is no string");
    Bytes bad_role = encode_refusal("the argument role is neither 'master' nor 'replica'");
    Bytes no_message = encode_refusal("no message sentinel-verdict in the frame");
    Bytes stale = encode_refusal(
        "the agent was stopped or hangs, and asks the Sentinels anew", verdict::State::stale);
    Bytes overload = encode_refusal(
        "the agent is overloaded: all of its max_connections are in use", verdict::State::stale);
    Bytes too_long = encode_refusal("the answer exceeds max-frame-size");
};

const Refusals& refusals()
{
    static const Refusals made;
    return made;
}

// What `query` is about; nothing when it cannot be answered.
std::optional<Topic> find_topic(const NameIndex& index, const Query& query)
{
    if (!query.asked || query.bad_master || query.role == Role::unknown)
        return std::nullopt;
    const auto name = query.master ? index.find(*query.master) : index.find_only();
    return name ? std::optional(Topic{*name, query.role}) : std::nullopt;
}

// An answer made ahead, and where it is counted.
struct Chosen {
    const Answer& answer;
    Count& given;
    Count& refused;  // instead, when it may not be given
};

// The replica whose turn it is with this worker.
Chosen choose_replica(Desk& desk, std::size_t name)
{
    if (desk.turns.size() <= name)
        desk.turns.resize(desk.snapshot->reads.size());
    const auto& reads = *desk.snapshot->reads[name];
    const auto& choice = reads.choose(desk.turns[name]++);
    if (choice.answer->gone)
        return {*choice.answer, desk.tally.unknown_names, desk.tally.unknown_names};
    return {*choice.answer, desk.tally.reads[choice.counter], desk.tally.reads[reads.refused]};
}

// What there is to say about a topic now.
Chosen choose(Desk& desk, const Topic& topic)
{
    if (topic.role == Role::replica)
        return choose_replica(desk, topic.name);
    const auto& answer = *desk.snapshot->answers[topic.name];
    if (answer.gone)
        return {answer, desk.tally.unknown_names, desk.tally.unknown_names};
    auto& verdicts = desk.tally.verdicts[topic.name];
    return {
        answer,
        verdicts[static_cast<std::size_t>(answer.state)],
        verdicts[static_cast<std::size_t>(verdict::State::stale)]};
}

// What is said; counts it.
ByteView say(const Desk& desk, const Chosen& chosen, bool seated)
{
    if ((!desk.stale && seated) || chosen.answer.gone) {
        chosen.given.add();
        return chosen.answer.actions;
    }
    chosen.refused.add();
    return desk.stale ? refusals().stale : refusals().overload;
}

// What is said to a question that cannot be answered.
ByteView refusal_of(const Query& query)
{
    if (!query.asked)
        return refusals().no_message;
    if (query.bad_master)
        return refusals().bad_name;
    if (query.role == Role::unknown)
        return refusals().bad_role;
    return query.master ? refusals().unknown_name : refusals().no_name;
}

}  // namespace

bool Conversation::on_frame(ByteView frame, Bytes& reply)
{
    const auto header = spop::take_frame_header(frame);
    if (!header)
        return refuse(SpopError::bad_frame, header.error(), reply);

    const auto step = agent::on_frame(state_, header->type);
    const bool known = step.reply != Reply::none && step.reply != Reply::disconnect;
    if (known && (header->flags & spop::flag_fin) == 0)
        return refuse(SpopError::fragmented, Errc::fragmented, reply);
    switch (step.reply) {
        case Reply::none: desk_.tally.count(FrameKind::unknown); return step.next != State::closed;
        case Reply::agent_hello: return on_hello(frame, reply);
        case Reply::ack: return on_notify(*header, frame, reply);
        case Reply::goodbye:
            state_ = step.next;
            desk_.tally.count(FrameKind::disconnect);
            spop::put_agent_disconnect(reply, spop::DisconnectStatus::normal, "goodbye");
            return false;
        case Reply::disconnect: break;
    }
    if (header->type == spop::FrameType::unset && greeted())
        return refuse(SpopError::fragmented, Errc::fragmented, reply);
    return refuse(SpopError::unexpected_frame, Errc::unexpected_frame, reply);
}

bool Conversation::on_hello(ByteView payload, Bytes& reply)
{
    const auto offer = spop::parse_haproxy_hello(payload);
    if (!offer)
        return refuse(SpopError::bad_hello, offer.error(), reply);
    const auto agreement = spop::negotiate(*offer, max_frame_size_);
    if (!agreement)
        return refuse(SpopError::bad_hello, agreement.error(), reply);
    desk_.tally.count(agreement->healthcheck ? FrameKind::healthcheck : FrameKind::hello);
    max_frame_size_ = agreement->max_frame_size;
    spop::put_agent_hello(reply, *agreement);
    state_ = agreement->healthcheck ? State::closed : State::running;
    if (greeted())
        take_seat();
    return greeted();
}

void Conversation::resume(std::uint32_t max_frame_size)
{
    max_frame_size_ = max_frame_size;
    state_ = State::running;
    take_seat();
}

void Conversation::take_seat()
{
    if (!seat_.take())
        desk_.tally.count(SpopError::overload);
}

bool Conversation::on_notify(const spop::FrameHeader& header, ByteView payload, Bytes& reply)
{
    auto topic = asked_before(payload);
    if (!topic) {
        const auto query = parse_query(payload);
        if (!query)
            return refuse(SpopError::bad_frame, query.error(), reply);
        topic = find_topic(*desk_.snapshot->index, *query);
        if (!topic) {
            desk_.tally.count(FrameKind::notify);
            desk_.tally.unknown_names.add();
            ++answers_;
            put_answer(header.stream_id, header.frame_id, refusal_of(*query), reply);
            return true;
        }
        keep_question(payload, *topic);
    }
    desk_.tally.count(FrameKind::notify);
    const bool seated = seat_.take();
    const auto chosen = choose(desk_, *topic);
    if (seated && !desk_.stale)
        if (const auto deadline = chosen.answer.deadline(desk_.now); deadline > desk_.now) {
            park(header, *topic, deadline);
            return true;
        }
    ++answers_;
    put_answer(header.stream_id, header.frame_id, say(desk_, chosen, seated), reply);
    return true;
}

std::optional<Topic> Conversation::asked_before(ByteView question) const
{
    if (desk_.snapshot->index != last_index_ || as_text(question) != as_text(last_question_))
        return std::nullopt;
    return last_topic_;
}

void Conversation::keep_question(ByteView question, const Topic& topic)
{
    constexpr std::size_t longest_kept = 256;  // an idle connection is to stay small
    if (question.size() > longest_kept)
        return;
    last_question_.assign(question.begin(), question.end());
    last_index_ = desk_.snapshot->index;
    last_topic_ = topic;
}

void Conversation::put_answer(
    std::uint64_t stream_id, std::uint64_t frame_id, ByteView actions, Bytes& out) const
{
    // An ACK must not exceed what was agreed on. Names and reasons are short enough for the
    // smallest legal frame; should one ever not be, no server is the safe answer.
    if (spop::largest_ack_size(actions.size()) > max_frame_size_)
        actions = refusals().too_long;
    spop::put_ack(out, {.stream_id = stream_id, .frame_id = frame_id}, actions);
}

void Conversation::park(
    const spop::FrameHeader& header, const Topic& topic, WaitingRoom::TimePoint deadline)
{
    desk_.tally.waits[topic.name].begun.add();
    ++waiting_;
    const auto oldest =
        desk_.waiting.park({this, header.stream_id, header.frame_id, topic, deadline});
    if (oldest)
        oldest->asker->answer_late(*oldest, WaitEnd::crowded);
}

void Conversation::answer_late(const Ticket& ticket, WaitEnd end)
{
    desk_.tally.waits[ticket.topic.name].count(end);
    --waiting_;
    const bool first = late_replies_.empty();
    put_answer(
        ticket.stream_id,
        ticket.frame_id,
        say(desk_, choose(desk_, ticket.topic), true),
        late_replies_);
    if (first && on_late_reply)
        on_late_reply();
}

void Conversation::take_late_replies(Bytes& reply)
{
    append(reply, late_replies_);
    late_replies_.clear();
}

Conversation::~Conversation()
{
    if (waiting_ == 0)
        return;
    for (const auto& ticket : desk_.waiting.leave(*this))
        desk_.tally.waits[ticket.topic.name].count(WaitEnd::left);
}

bool Conversation::refuse(SpopError kind, const error_code& error, Bytes& reply)
{
    desk_.tally.count(kind);
    // Whatever cannot be read as a HELLO may come from anything but HAProxy: close quietly. A
    // HELLO that is read and cannot be accepted deserves the reason (SPOE.txt, 3.2.3).
    if (greeted() || kind == SpopError::bad_hello)
        spop::put_agent_disconnect(reply, spop::disconnect_status(error), error.message());
    state_ = State::closed;
    return false;
}

void Conversation::on_bad_stream(const error_code& error, Bytes& reply)
{
    (void)refuse(
        error == Errc::frame_too_big ? SpopError::frame_too_big : SpopError::bad_frame,
        error,
        reply);
}

}  // namespace spoa::agent
