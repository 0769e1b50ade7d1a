// Replies of Redis, built by hand.
#pragma once

#include "resp/value.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace spoa::test {

inline resp::Value nil()
{
    return {resp::Nil{}};
}

inline resp::Value bulk(std::string text)
{
    return {std::move(text)};
}

inline resp::Value status(std::string text)
{
    return {resp::Status{std::move(text)}};
}

inline resp::Value error(std::string text)
{
    return {resp::Error{std::move(text)}};
}

inline resp::Value integer(std::int64_t number)
{
    return {number};
}

inline resp::Value array(resp::Array elements)
{
    return {std::move(elements)};
}

}  // namespace spoa::test
