// The letters of a script. P: a Sentinel, N: a node of three, S: a server of three, n: a node of
// five, 0 none; D: a number up to 15; WORDS~: what somebody sends.
//
//   tD time goes on   z the process was stopped   R it starts anew with its memory
//   dD another configuration   DD other Sentinels   W people look
//   Q all Sentinels are asked and answer   qP one is, or bP, and eP answers later   lP is lost
//   vPCnn publishes on channel C   wPWORDS~ sends   xPWORDS~ will answer
//   Mn all name it, at the next epoch   mPn one does   +P -P its epoch   fPD FD flags   iPD
//   identity rPnD its view of a replica EPD the process that it knows P all nodes are probed   pN
//   one is   sN SN is silent, refuses   yNWORDS~ will answer uNn follows   nND a flag   oNDD
//   offset, keys   OD all write   kN another process   aND lag h HAProxy is looked at   L is lost
//   HWORDS~ will answer   K forgets marks   gWORDS~ master CLI jSD a bit of the state   JSD
//   sessions   cSD address   CSDD check, weight
#include "fuzz/control_world.hpp"
#include "fuzz/promise.hpp"
#include "haproxy_api/master_cli.hpp"

namespace spoa::fuzz {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::chrono::milliseconds, 16> steps{
    1ms,
    5ms,
    20ms,
    50ms,
    100ms,
    200ms,
    300ms,
    500ms,
    1'000ms,
    1'600ms,
    3'000ms,
    5'000ms,
    10'000ms,
    30'000ms,
    61'000ms,
    600'000ms};

void ask_master(const std::string& text)
{
    (void)haproxy_api::list_processes();
    if (const auto workers = haproxy_api::parse_old_workers(text))
        for (const auto worker : *workers)
            (void)haproxy_api::list_sessions(worker);
    const auto sessions = haproxy_api::parse_sessions(text);
    if (!sessions)
        return;
    std::vector<std::string> ids;
    for (const auto& session : *sessions)
        ids.push_back(session.id);
    for (const auto& line : {haproxy_api::end_sessions(ids), haproxy_api::end_sessions(7, ids)})
        expect(line.find('\n') + 1 >= line.size(), "what ends sessions is one line");
}

}  // namespace

void ControlWorld::step(Script& script)
{
    const char letter = script.letter();
    switch (letter) {
        case 't': now_ += steps.at(script.digit()); break;
        case 'z': forget(); break;
        case 'R': restart(); break;
        case 'd': {
            std::vector<std::optional<std::size_t>> same;
            for (std::size_t i = 0; i < peers_.size(); ++i)
                same.emplace_back(i);
            configure(subject_of(script.digit()), same);
            break;
        }
        case 'D': set_sentinels(1 + script.digit() % 5); break;
        case 'W': look(); return;
        default:
            step_sentinel(letter, script);
            step_node(letter, script);
            step_haproxy(letter, script);
    }
    perform(names_->look(now_));
    perform(names_->review(now_));
}

void ControlWorld::step_sentinel(char letter, Script& script)
{
    switch (letter) {
        case 'b': begin(peer(script)); break;
        case 'e': finish(peer(script)); break;
        case 'q': {
            auto& asked = peer(script);
            begin(asked);
            finish(asked);
            break;
        }
        case 'Q':
            for (auto& each : peers_) {
                each.interview.ask_now(0);
                begin(each);
                finish(each);
            }
            break;
        case 'v': {
            auto& from = peer(script);
            const auto channel = sentinel::channels()[script.place(sentinel::channels().size())];
            const auto about = script.digit() % nodes;
            hear(from, message(channel, about, script.digit() % nodes));
            break;
        }
        case 'w': {
            auto& from = peer(script);
            hear(from, script.words());
            break;
        }
        case 'l': lose(peer(script)); break;
        default: change_sentinel(letter, script);
    }
}

void ControlWorld::change_sentinel(char letter, Script& script)
{
    switch (letter) {
        case 'm': {
            auto& said = peer(script).said;
            said.node = script.digit() % nodes;
            break;
        }
        case 'M': {
            const auto node = script.digit() % nodes;
            for (auto& each : peers_) {
                each.said.node = node;
                ++each.said.epoch;
            }
            break;
        }
        case '+': ++peer(script).said.epoch; break;
        case '-': --peer(script).said.epoch; break;
        case 'f': {
            auto& said = peer(script).said;
            said.flags ^= 1U << script.digit();
            break;
        }
        case 'F': {
            const auto flag = script.digit();
            for (auto& each : peers_)
                each.said.flags ^= 1U << flag;
            break;
        }
        case 'i': {
            auto& said = peer(script).said;
            said.identity = script.digit();
            break;
        }
        case 'r': {
            auto& said = peer(script).said;
            const auto replica = script.digit() % nodes;
            said.replicas.at(replica) = script.digit() % 8;
            break;
        }
        case 'E': {
            auto& said = peer(script).said;
            said.process = script.digit();
            break;
        }
        case 'x': {
            auto& said = peer(script).said;
            said.instead = script.words();
            break;
        }
        default: break;
    }
}

void ControlWorld::step_node(char letter, Script& script)
{
    const auto node = [&] { return 1 + script.digit() % 3; };
    switch (letter) {
        case 'p': probe(node()); break;
        case 'P':
            for (unsigned each = 1; each < 4; ++each)
                probe(each);
            break;
        case 'n': {
            auto& said = nodes_.at(node()).said;
            said.flags ^= 1U << script.digit();
            break;
        }
        case 'o': {
            auto& said = nodes_.at(node()).said;
            said.offset = 100 * (1ULL << script.digit());
            said.keys = script.digit();
            break;
        }
        case 'O':
            for (auto& each : nodes_)
                each.said.offset += 50 * script.digit();
            break;
        case 'u': {
            auto& said = nodes_.at(node()).said;
            said.follows = script.digit() % nodes;
            break;
        }
        case 'k': ++nodes_.at(node()).said.process; break;
        case 'a': {
            auto& said = nodes_.at(node()).said;
            said.lag = script.digit();
            break;
        }
        case 's': miss(node(), false); break;
        case 'S': miss(node(), true); break;
        case 'y': {
            auto& said = nodes_.at(node()).said;
            said.instead = script.words();
            break;
        }
        default: break;
    }
}

void ControlWorld::step_haproxy(char letter, Script& script)
{
    const auto server = [&]() -> ScriptedHaproxy::Server& {
        return haproxy_.servers.at(1 + script.digit() % 3);
    };
    switch (letter) {
        case 'h':
            for (auto& backend : backends_)
                turn(backend);
            perform(names_->on_haproxy(0, misplaced(backends_[0]), misplaced(backends_[1]), now_));
            break;
        case 'H': haproxy_.instead = script.words(); break;
        case 'L':
            for (auto& backend : backends_) {
                backend.fence.lose(now_, now_);
                backend.trouble = "no answer";
            }
            break;
        case 'j': {
            auto& each = server();
            each.admin ^= 1U << script.digit() % 7;
            break;
        }
        case 'J': {
            auto& each = server();
            each.sessions = script.digit();
            break;
        }
        case 'c': {
            auto& each = server();
            each.at = script.digit() % 6;
            break;
        }
        case 'C': {
            auto& each = server();
            each.running = script.digit() % 3;
            each.weight = script.digit() % 2;
            break;
        }
        case 'K': haproxy_.forget_marks(); break;
        case 'g': ask_master(script.words()); break;
        default: break;
    }
}

}  // namespace spoa::fuzz
