#pragma once

#include "config/value.hpp"

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::config {

struct Entry {
    std::string key;
    Place place;  // of the key
    Value value;
};

// The entries of a mapping, in the order of the file, those of its merge keys (`<<`) last. Reports
// what is no mapping and keys that come twice; nothing at all (`spop:` with every line under it
// commented out) is a mapping without entries.
std::vector<Entry> read_entries(const Value& value, Report& report);

// A mapping with a fixed set of keys; any other is reported.
class Section {
public:
    Section(const Value& value, std::initializer_list<std::string_view> keys, Report& report);

    std::optional<Value> find(std::string_view key) const;

    // A missing key is reported, with `what` to write there.
    std::optional<Value> require(std::string_view key, std::string_view what) const;

    // The mapping under `key`. One that is absent is empty, and its place is this section's.
    Section section(std::string_view key, std::initializer_list<std::string_view> keys) const;

    Place place() const { return place_; }

private:
    std::string name_;
    Place place_;
    bool is_mapping_;
    std::map<std::string, Value, std::less<>> values_;
    Report& report_;
};

}  // namespace spoa::config
