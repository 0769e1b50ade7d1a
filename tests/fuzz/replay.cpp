// main() of a fuzzer without libFuzzer, for the tests that every change runs: each file of the
// corpus, then mutants of them, always the same ones.
//
//   NAME_fuzz CORPUS-FOLDER [MUTANTS]
//
// The input that ended the process is left in NAME_fuzz.input.
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// <sanitizer/common_interface_defs.h>; not there without a sanitizer.
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace {

namespace fs = std::filesystem;
using Input = std::vector<std::uint8_t>;

std::vector<Input> read_corpus(const fs::path& folder)
{
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder))
        paths.push_back(entry.path());
    std::ranges::sort(paths);
    std::vector<Input> inputs;
    for (const auto& path : paths) {
        std::ifstream file(path, std::ios::binary);
        inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return inputs;
}

class Mutator {
public:
    explicit Mutator(const std::vector<Input>& corpus) : corpus_(corpus) {}

    Input next()
    {
        auto input = any_of_corpus();
        for (auto changes = 1 + draw(4); changes > 0; --changes)
            change(input);
        return input;
    }

private:
    // Below `bound`; by hand, as the distributions of the library differ between versions.
    std::size_t draw(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

    const Input& any_of_corpus() { return corpus_[draw(corpus_.size())]; }

    // A place in `input`, its end included.
    Input::iterator place_in(Input& input)
    {
        return input.begin() + static_cast<std::ptrdiff_t>(draw(input.size() + 1));
    }

    Input piece_of(const Input& input)
    {
        const auto start = draw(input.size());
        const auto size = draw(std::min<std::size_t>(input.size() - start, 64) + 1);
        const auto first = input.begin() + static_cast<std::ptrdiff_t>(start);
        return {first, first + static_cast<std::ptrdiff_t>(size)};
    }

    void change(Input& input)
    {
        const auto place = place_in(input);
        const auto piece = piece_of(any_of_corpus());
        const bool at_end = place == input.end();
        switch (draw(6)) {
            case 0: input.insert(place, static_cast<std::uint8_t>(draw(256))); break;
            case 1: input.insert(place, piece.begin(), piece.end()); break;
            case 2: input.erase(place, input.end()); break;
            case 3: {
                const auto left = static_cast<std::size_t>(input.end() - place);
                input.erase(
                    place,
                    place + static_cast<std::ptrdiff_t>(draw(std::min(left, piece.size()) + 1)));
                break;
            }
            case 4:
                if (!at_end)
                    *place ^= static_cast<std::uint8_t>(1U << draw(8));
                break;
            default:
                if (!at_end)
                    *place = static_cast<std::uint8_t>(draw(256));
        }
    }

    const std::vector<Input>& corpus_;
    std::minstd_rand random_{1};
};

Input in_hand;
std::string left_in;

// The process is about to end: not a moment to be strict about what a signal handler may do.
void leave_input()
{
    if (auto* const file = std::fopen(left_in.c_str(), "wb")) {
        std::fwrite(in_hand.data(), 1, in_hand.size(), file);
        std::fclose(file);
        std::fprintf(stderr, "the input is left in %s\n", left_in.c_str());
    }
}

// noexcept: an exception that leaves a harness is a finding.
void run(Input input) noexcept
{
    in_hand = std::move(input);
    LLVMFuzzerTestOneInput(in_hand.data(), in_hand.size());
}

}  // namespace

int main(int argc, char** argv)
try {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s CORPUS-FOLDER [MUTANTS]\n", argv[0]);
        return 2;
    }
    const auto corpus = read_corpus(argv[1]);
    const auto mutants = argc > 2 ? std::stoul(argv[2]) : 0;
    if (corpus.empty()) {
        std::fprintf(stderr, "%s is empty\n", argv[1]);
        return 2;
    }
    left_in = fs::path(argv[0]).filename().string() + ".input";
    std::signal(SIGABRT, [](int) { leave_input(); });
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(leave_input);
    for (const auto& input : corpus)
        run(input);
    Mutator mutator(corpus);
    for (std::size_t i = 0; i < mutants; ++i)
        run(mutator.next());
    std::printf("%zu files and %zu mutants of them\n", corpus.size(), mutants);
} catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
