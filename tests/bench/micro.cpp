// The parts of an answer on their own, without sockets.
#include "agent/conversation.hpp"
#include "agent/message_query.hpp"
#include "frames.hpp"
#include "spop/ack.hpp"
#include "spop/frame_splitter.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>

using namespace spoa;

namespace {

constexpr std::uint32_t max_frame_size = 16'380;
constexpr std::uint64_t stream_id = 4'711;

verdict::Verdict good_verdict()
{
    verdict::Verdict verdict;
    verdict.state = verdict::State::ok;
    verdict.open = true;
    verdict.server = "R1";
    verdict.address = Endpoint{"10.0.0.1", 6379};
    verdict.epoch = 7;
    verdict.votes = 3;
    verdict.sentinels = 3;
    return verdict;
}

std::string name_at(std::size_t place)
{
    return "name-" + std::to_string(place);
}

// A worker that knows so many names, all with a good verdict.
agent::Desk desk_of(std::size_t names)
{
    std::vector<std::string> all;
    for (std::size_t place = 0; place < names; ++place)
        all.push_back(name_at(place));
    const auto verdict = good_verdict();
    std::vector<agent::Update> updates;
    for (std::size_t place = 0; place < names; ++place)
        updates.push_back({place, &verdict});
    const auto empty = agent::make_snapshot(std::make_shared<agent::NameIndex>(std::move(all)));
    return {agent::with_updates(*empty, updates), agent::Tally(names), false};
}

ByteView without_length(const Bytes& frame)
{
    return ByteView(frame).subspan(spop::length_prefix_size);
}

void decode(benchmark::State& state)
{
    const auto notify = bench::notify_frame(stream_id, "name-0");
    for (auto _ : state) {
        auto frame = without_length(notify);
        benchmark::DoNotOptimize(spop::take_frame_header(frame));
        benchmark::DoNotOptimize(agent::parse_query(frame));
    }
}
BENCHMARK(decode);

void look_up(benchmark::State& state)
{
    const auto names = static_cast<std::size_t>(state.range(0));
    const auto desk = desk_of(names);
    const auto name = name_at(names / 2);
    for (auto _ : state)
        benchmark::DoNotOptimize(desk.snapshot->index->find(name));
}
BENCHMARK(look_up)->Arg(1)->Arg(1'000);

void encode(benchmark::State& state)
{
    const auto actions = agent::encode_answer(good_verdict());
    const spop::FrameHeader header{spop::FrameType::notify, spop::flag_fin, stream_id, 1};
    Bytes out;
    for (auto _ : state) {
        out.clear();
        spop::put_ack(out, header, actions);
        benchmark::DoNotOptimize(out.data());
    }
}
BENCHMARK(encode);

// What a session does between a read that brought so many frames and the write of their answers.
void conversation(benchmark::State& state)
{
    auto desk = desk_of(1'000);
    agent::Conversation conversation(desk, max_frame_size);
    spop::FrameSplitter frames(max_frame_size);
    Bytes reply;
    const auto hello = bench::hello_frame();
    if (!conversation.on_frame(without_length(hello), reply))
        state.SkipWithError("no greeting");
    Bytes read;
    for (std::int64_t i = 0; i < state.range(0); ++i)
        append(read, bench::notify_frame(stream_id, name_at(500)));
    for (auto _ : state) {
        reply.clear();
        std::ranges::copy(read, frames.space().begin());
        frames.commit(read.size());
        for (auto frame = frames.next(); *frame; frame = frames.next())
            benchmark::DoNotOptimize(conversation.on_frame(**frame, reply));
        benchmark::DoNotOptimize(reply.data());
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(conversation)->Arg(1)->Arg(16);

}  // namespace

BENCHMARK_MAIN();
