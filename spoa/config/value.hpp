// Typed reading of values. A value of the wrong type or out of range is reported, and the answer is
// nothing.
#pragma once

#include "base/endpoint.hpp"
#include "config/yaml_tree.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::config {

struct Value {
    std::string name;  // from the root: `sentinels.poll_interval`
    NodePtr node;

    Place place() const { return node->place; }
};

template <class T>
struct Range {
    T least;
    T most;
};

std::optional<std::string> read_text(const Value& value, Report& report);
std::optional<unsigned> read_number(const Value& value, Range<unsigned> range, Report& report);
std::optional<std::chrono::milliseconds> read_duration(
    const Value& value, Range<std::chrono::milliseconds> range, Report& report);

std::optional<std::uint64_t> read_size(
    const Value& value, Range<std::uint64_t> range, Report& report);

// The position of the text among `words`.
std::optional<std::size_t> read_choice(
    const Value& value, std::span<const std::string_view> words, Report& report);

// A message about a missing port shows `usual_port`.
std::optional<Endpoint> read_peer(const Value& value, std::string_view usual_port, Report& report);
std::optional<SocketAddress> read_listener(
    const Value& value, std::string_view usual_port, Report& report);

// The elements of a list that has some; all bear the name of the list.
std::vector<Value> read_list(const Value& value, Report& report);

// The same, and a value that is no list is a list of one.
std::vector<Value> read_one_or_more(const Value& value, Report& report);

// Reports that `value` should be something else: `expected` with its article.
void report_type(const Value& value, std::string_view expected, Report& report);

}  // namespace spoa::config
