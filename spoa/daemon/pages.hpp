#pragma once

#include "daemon/control.hpp"
#include "net/http_server.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace spoa::daemon {

// What the pages are made of.
struct PageSources {
    const Control& control;
    EventFeed& events;
    std::function<std::string()> metrics;                    // the text of /metrics
    std::function<std::uint64_t(std::size_t name)> waiting;  // connections that wait for a verdict
    // What became of the last reload; nullptr before the first.
    std::function<const telemetry::ReloadReport*()> reload;
};

// Answers one HTTP request: the status page at /, and what it leads to. Read-only: GET and HEAD.
net::HttpResponse answer_page(const PageSources& sources, const net::HttpRequest& request);

}  // namespace spoa::daemon
