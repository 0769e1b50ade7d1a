// Any replies in any order as what a Sentinel answers: a vote is a usable address or none, a
// replica that it does not see has one, and a refusal is words fit for a log line.
#include "base/bytes.hpp"
#include "fuzz/promise.hpp"
#include "fuzz/values_in.hpp"
#include "sentinel/reply_parser.hpp"

#include <algorithm>
#include <cstdint>

using namespace spoa;
using fuzz::expect;

namespace {

template <class T>
const T* meaning_of(const sentinel::Answer<T>& answer)
{
    constexpr std::size_t longest = 120 + std::string_view("…").size();
    if (const auto* const refused = std::get_if<sentinel::Refused>(&answer)) {
        expect(refused->text.size() <= longest, "a refusal is short");
        expect(
            std::ranges::none_of(
                refused->text, [](unsigned char c) { return c < ' ' || c == 127; }),
            "a refusal is printable");
    }
    return std::get_if<T>(&answer);
}

void check_address(const Endpoint& address)
{
    expect(
        !address.host.empty() && address.port != 0 && parse_endpoint(to_string(address)) == address,
        "an address can be connected to, and reads back");
}

void check_vote(const sentinel::Vote& vote)
{
    if (vote.address)
        check_address(*vote.address);
    else
        expect(vote == sentinel::Vote{}, "without an address nothing else is said");
}

void ask_vote(const resp::Value& first, const resp::Value& master, const resp::Value& second)
{
    const sentinel::TimePoint now;
    const auto answer = sentinel::parse_vote(first, master, second, now);
    const auto* const vote = meaning_of(answer);
    if (!vote)
        return;
    check_vote(*vote);
    expect(first == second || vote->address.has_value(), "two addresses that differ are no vote");
    const auto repeated = sentinel::repeat_vote(*vote, master, now);
    if (const auto* const again = meaning_of(repeated))
        expect(
            again->address == vote->address && again->config_epoch == vote->config_epoch,
            "a repeated vote is the vote before");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto replies = fuzz::values_in(as_text(std::as_bytes(std::span(data, size))));
    for (const auto& reply : replies) {
        const auto id = sentinel::parse_myid(reply);
        if (const auto* const text = meaning_of(id))
            expect(text->empty() || text->size() == 40, "an identity is 40 digits or unknown");
        (void)sentinel::parse_ckquorum(reply);
        const auto replicas = sentinel::parse_replicas(reply);
        if (const auto* const known = meaning_of(replicas)) {
            for (const auto& replica : known->unseen)
                check_address(replica.address);
            for (const auto& address : known->promotable)
                check_address(address);
        }
        (void)sentinel::parse_tilt(reply);
        (void)sentinel::nearest_names("mymaster", sentinel::parse_monitored(reply));
        if (const auto* const error = reply.error())
            (void)sentinel::is_permanent(sentinel::classify(*error).why);
    }
    for (std::size_t i = 2; i < replies.size(); ++i)
        ask_vote(replies[i - 2], replies[i - 1], replies[i]);
    return 0;
}
