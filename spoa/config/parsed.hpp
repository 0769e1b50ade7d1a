#pragma once

#include <boost/system/result.hpp>

#include <string>

namespace spoa::config {

// What is wrong with a text, and what to write instead.
struct Problem {
    std::string text;
};

template <class T>
using Parsed = boost::system::result<T, Problem>;

}  // namespace spoa::config
