#pragma once

#include "daemon/control.hpp"
#include "net/http_server.hpp"

#include <functional>
#include <string>

namespace spoa::daemon {

// What the pages are made of.
struct PageSources {
    const Control& control;
    std::function<std::string()> metrics;  // the text of /metrics
};

// Answers one HTTP request: /healthz /readyz /metrics /v1/masters /v1/masters/NAME, and at / a
// list of these. Read-only: GET and HEAD.
net::HttpResponse answer_page(const PageSources& sources, const net::HttpRequest& request);

}  // namespace spoa::daemon
