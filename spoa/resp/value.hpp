#pragma once

#include "base/peer_text.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace spoa::resp {

struct Value;

struct Nil {
    bool operator==(const Nil&) const = default;
};

// `+OK`: a status, told apart from a bulk string of the same words.
struct Status {
    std::string text;
    bool operator==(const Status&) const = default;
};

// `-NOAUTH …`: an error reply, its first word included.
struct Error {
    PeerText text;
    bool operator==(const Error&) const = default;
};

using Array = std::vector<Value>;

// One reply of Redis or Sentinel, as a plain value.
struct Value {
    std::variant<Nil, Status, Error, std::int64_t, std::string, Array> data;

    // The bulk string or status; nullptr when it is something else.
    const std::string* text() const
    {
        if (const auto* const status = std::get_if<Status>(&data))
            return &status->text;
        return std::get_if<std::string>(&data);
    }
    const Array* array() const { return std::get_if<Array>(&data); }
    const Error* error() const { return std::get_if<Error>(&data); }
    bool is_nil() const { return std::holds_alternative<Nil>(data); }

    bool operator==(const Value&) const = default;
};

}  // namespace spoa::resp
