#include "agent/reads.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace spoa::agent {
namespace {

Reads::Choice choice_of(const Update& update, const verdict::ReadTarget& target)
{
    auto verdict = *update.verdict;
    verdict.open = true;
    verdict.address = update.locate ? update.locate(target.server.address) : target.server.address;
    verdict.server = target.server.name;
    verdict.reason.clear();
    auto answer = std::make_shared<Answer>();
    answer->actions = encode_answer(verdict);
    answer->state = verdict.state;
    answer->open = true;
    return {std::move(answer), 0};
}

// Nobody is named, now; with `wait` for as long as the policy says.
std::shared_ptr<const Answer> refusal(
    verdict::Verdict verdict, const std::string& reason, std::chrono::milliseconds wait)
{
    verdict.open = false;
    verdict.reason = reason;
    auto answer = std::make_shared<Answer>();
    answer->actions = encode_answer(verdict);
    answer->state = verdict.state;
    answer->wait = wait;
    return answer;
}

}  // namespace

std::shared_ptr<const Reads> only_answer(std::shared_ptr<const Answer> answer)
{
    auto reads = std::make_shared<Reads>();
    reads->choices.push_back({std::move(answer), 0});
    reads->order.push_back(0);
    return reads;
}

std::shared_ptr<const Reads> make_reads(
    const Update& update, const std::shared_ptr<const Answer>& master)
{
    const auto& [set, fallback, counters] = *update.reads;
    auto reads = std::make_shared<Reads>();
    reads->refused = counters.none;
    std::vector<unsigned> weights;
    for (std::size_t i = 0; i < set.targets.size(); ++i) {
        reads->choices.push_back(choice_of(update, set.targets[i]));
        reads->choices.back().counter = counters.targets[i];
        weights.push_back(set.targets[i].weight);
    }
    if (reads->choices.empty()) {
        weights.push_back(1);
        switch (fallback) {
            case verdict::ReadFallback::master:
                reads->choices.push_back({master, master->open ? counters.master : counters.none});
                break;
            case verdict::ReadFallback::refuse:
                reads->choices.push_back({refusal(*update.verdict, set.reason, {}), counters.none});
                break;
            case verdict::ReadFallback::wait:
                reads->choices.push_back(
                    {refusal(*update.verdict, set.reason, update.wait), counters.none});
                break;
        }
    }
    reads->order = turns_of(weights);
    return reads;
}

std::vector<std::uint16_t> turns_of(const std::vector<unsigned>& weights)
{
    unsigned divisor = 0;
    for (const auto weight : weights)
        divisor = std::gcd(divisor, weight);
    std::int64_t all = 0;
    for (const auto weight : weights)
        all += weight / divisor;
    // At each turn every choice earns its weight, and the one that has most pays for the turn.
    std::vector<std::int64_t> earned(weights.size());
    std::vector<std::uint16_t> turns;
    for (std::int64_t i = 0; i < all; ++i) {
        for (std::size_t each = 0; each < weights.size(); ++each)
            earned[each] += weights[each] / divisor;
        const auto richest = std::ranges::max_element(earned);
        *richest -= all;
        turns.push_back(static_cast<std::uint16_t>(richest - earned.begin()));
    }
    return turns;
}

}  // namespace spoa::agent
