#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>

namespace spoa::config {

// What is wrong with a text, and what to write instead.
struct Problem {
    std::string text;
};

// What value() of a result without one throws.
[[noreturn]] inline void throw_exception_from_error(
    const Problem& problem, const boost::source_location& /*where*/)
{
    throw std::invalid_argument(problem.text);
}

template <class T>
using Parsed = boost::system::result<T, Problem>;

}  // namespace spoa::config
