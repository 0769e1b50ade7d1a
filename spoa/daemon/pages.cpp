#include "daemon/pages.hpp"

#include <optional>
#include <string_view>

namespace spoa::daemon {
namespace {

using net::HttpResponse;

constexpr std::string_view plain = "text/plain; charset=utf-8";
constexpr std::string_view json = "application/json";
constexpr std::string_view json_lines = "application/x-ndjson";
constexpr std::string_view exposition = "text/plain; version=0.0.4; charset=utf-8";

HttpResponse page(unsigned status, std::string_view type, std::string body)
{
    return {status, std::string(type), std::move(body), {}, {}};
}

// Every name must have somewhere to send a connection to.
HttpResponse readiness(const Control& control)
{
    std::string missing;
    for (const auto& name : control.names()) {
        const auto& verdict = name.watch.verdict();
        if (!verdict.open)
            missing += name.watch.subject().name + ": " + std::string(name_of(verdict.state)) +
                       ", " + verdict.reason + "\n";
    }
    return missing.empty() ? page(200, plain, "ready\n") : page(503, plain, std::move(missing));
}

HttpResponse no_such_name()
{
    return page(404, plain, "no master of this name is configured; see /v1/masters\n");
}

HttpResponse not_found()
{
    return page(404, plain, "not found; / lists what there is\n");
}

std::vector<telemetry::NameReport> names_of(const PageSources& sources)
{
    auto names = sources.control.names();
    for (std::size_t place = 0; place < names.size(); ++place)
        names[place].waiting = sources.waiting(place);
    return names;
}

HttpResponse master_page(const PageSources& sources, std::string_view wanted)
{
    for (const auto& name : names_of(sources))
        if (name.watch.subject().name == wanted)
            return page(
                200,
                json,
                telemetry::master_json(
                    name,
                    sources.control.sentinels(),
                    telemetry::Moment(),
                    sources.control.haproxies()));
    return no_such_name();
}

// One value of the query; `%` is not decoded, as no name of a master has one.
std::optional<std::string_view> find_argument(std::string_view target, std::string_view key)
{
    const auto question = target.find('?');
    while (question != std::string_view::npos && target.size() > question) {
        const auto last = target.find_last_of("?&");
        const auto pair = target.substr(last + 1);
        target = target.substr(0, last);
        if (pair.starts_with(key) && pair.substr(key.size()).starts_with('='))
            return pair.substr(key.size() + 1);
    }
    return std::nullopt;
}

HttpResponse events_page(const PageSources& sources, const net::HttpRequest& request)
{
    std::optional<std::size_t> place;
    if (const auto wanted = find_argument(request.target, "name")) {
        place = sources.control.find_name(*wanted);
        if (!place)
            return no_such_name();
    }
    auto lines = sources.events.subscribe(place);
    if (!lines)
        return page(
            503,
            plain,
            "too many read the events already: " + std::to_string(most_event_readers) +
                "; try again later\n");
    auto answer = page(200, json_lines, {});
    answer.lines = std::move(lines);
    return answer;
}

constexpr std::string_view index_text =
    "sentinel-spoa\n"
    "\n"
    "/healthz           the process serves\n"
    "/readyz            every name has a master that may be used\n"
    "/metrics           for Prometheus\n"
    "/v1/masters        every name, its verdict and votes (JSON)\n"
    "/v1/masters/NAME   one name, all that is known of it (JSON)\n"
    "/v1/events         a line of JSON for each change, and one each second, without an end\n";

}  // namespace

HttpResponse answer_page(const PageSources& sources, const net::HttpRequest& request)
{
    constexpr std::string_view one_master = "/v1/masters/";
    const auto path = std::string_view(request.target).substr(0, request.target.find('?'));
    const bool known = path == "/" || path == "/healthz" || path == "/readyz" ||
                       path == "/metrics" || path == "/v1/masters" || path == "/v1/events" ||
                       path.starts_with(one_master);
    if (!known)
        return not_found();
    if (request.method != "GET" && request.method != "HEAD") {
        auto refused = page(405, plain, "read-only: GET or HEAD\n");
        refused.headers = {{"Allow", "GET, HEAD"}};
        return refused;
    }
    if (path == "/")
        return page(200, plain, std::string(index_text));
    if (path == "/healthz")
        return page(200, plain, "ok\n");
    if (path == "/readyz")
        return readiness(sources.control);
    if (path == "/metrics")
        return page(200, exposition, sources.metrics());
    if (path == "/v1/masters")
        return page(
            200,
            json,
            telemetry::masters_json(
                names_of(sources),
                sources.control.sentinels(),
                telemetry::Moment(),
                sources.control.haproxies()));
    if (path == "/v1/events")
        return events_page(sources, request);
    return master_page(sources, path.substr(one_master.size()));
}

}  // namespace spoa::daemon
