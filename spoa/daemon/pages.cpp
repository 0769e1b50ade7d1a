#include "daemon/pages.hpp"

#include "base/percent.hpp"
#include "config/units.hpp"
#include "telemetry/status_page.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace spoa::daemon {
namespace {

using net::HttpRequest;
using net::HttpResponse;

constexpr std::string_view plain = "text/plain; charset=utf-8";
constexpr std::string_view json = "application/json";
constexpr std::string_view json_lines = "application/x-ndjson";
constexpr std::string_view html = "text/html; charset=utf-8";
constexpr std::string_view exposition = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view methods = "GET, HEAD, OPTIONS";

HttpResponse page(unsigned status, std::string_view type, std::string body)
{
    return {status, std::string(type), std::move(body), {}, {}};
}

HttpResponse no_such_name()
{
    return page(404, plain, "no master of this name is configured; see /v1/masters\n");
}

std::string state_text(const verdict::Verdict& verdict)
{
    const auto state = std::string(name_of(verdict.state));
    return verdict.reason.empty() ? state : state + ", " + verdict.reason;
}

std::vector<telemetry::NameReport> names_of(const PageSources& sources)
{
    auto names = sources.control.names();
    for (auto& name : names)
        name.waiting = sources.waiting(name.place);
    return names;
}

// One value of the query, as sent.
std::optional<std::string_view> find_argument(std::string_view target, std::string_view key)
{
    auto question = target.find('?');
    while (question != std::string_view::npos) {
        target = target.substr(question + 1);
        const auto pair = target.substr(0, target.find('&'));
        if (pair.starts_with(key) && pair.substr(key.size()).starts_with('='))
            return pair.substr(key.size() + 1);
        question = target.find('&');
    }
    return std::nullopt;
}

// The place of a name that a URL has.
std::optional<std::size_t> find_name(const PageSources& sources, std::string_view encoded)
{
    const auto name = percent_decoded(encoded);
    return name ? sources.control.monitored().find(*name) : std::nullopt;
}

// NAME/SERVER: the last slash is between the two, as a name may have some.
struct NameAndServer {
    std::optional<std::size_t> place;
    std::string server;
};

NameAndServer find_server(const PageSources& sources, std::string_view rest)
{
    const auto slash = rest.rfind('/');
    const auto server =
        slash == std::string_view::npos ? std::nullopt : percent_decoded(rest.substr(slash + 1));
    if (!server)
        return {};
    return {find_name(sources, rest.substr(0, slash)), *server};
}

// `rest` is what follows the path of the route.
using Answer =
    HttpResponse (*)(const PageSources& sources, const HttpRequest& request, std::string_view rest);

HttpResponse health(const PageSources&, const HttpRequest&, std::string_view)
{
    return page(200, plain, "ok\n");
}

// Every name must have somewhere to send a connection to, and HAProxy must carry it there.
HttpResponse readiness(const PageSources& sources, const HttpRequest&, std::string_view)
{
    std::string missing;
    for (const auto& name : sources.control.names()) {
        const auto who = name.watch.subject().name + ": ";
        if (const auto& verdict = name.watch.verdict(); !verdict.open)
            missing += who + state_text(verdict) + "\n";
        for (const auto& obstacle : name.delivery->obstacles)
            missing += who + "undeliverable: " + obstacle + "\n";
    }
    return missing.empty() ? page(200, plain, "ready\n") : page(503, plain, std::move(missing));
}

HttpResponse metrics(const PageSources& sources, const HttpRequest&, std::string_view)
{
    return page(200, exposition, sources.metrics());
}

HttpResponse masters(const PageSources& sources, const HttpRequest&, std::string_view)
{
    const auto& control = sources.control;
    return page(
        200,
        json,
        telemetry::masters_json(
            names_of(sources),
            control.sentinels(),
            telemetry::Moment::now(),
            control.haproxies(),
            control.twemproxies(),
            sources.reload()));
}

HttpResponse master(const PageSources& sources, const HttpRequest&, std::string_view wanted)
{
    const auto& control = sources.control;
    const auto place = find_name(sources, wanted);
    if (!place)
        return no_such_name();
    auto name = control.name(*place);
    name.waiting = sources.waiting(*place);
    return page(
        200,
        json,
        telemetry::master_json(
            name,
            control.sentinels(),
            telemetry::Moment::now(),
            control.haproxies(),
            control.twemproxies()));
}

// For `option httpchk`, with any of its methods.
HttpResponse primary(const PageSources& sources, const HttpRequest&, std::string_view rest)
{
    const auto asked = find_server(sources, rest);
    const auto& wanted = asked.server;
    if (!asked.place)
        return no_such_name();
    const auto& watch = sources.control.name(*asked.place).watch;
    const auto& verdict = watch.verdict();
    if (std::ranges::count(watch.subject().servers, wanted, &verdict::Server::name) == 0)
        return page(404, plain, "no server of this name is configured for the master\n");
    if (verdict.open && verdict.server == wanted)
        return page(200, plain, "it is the master\n");
    const auto current = verdict.server.empty() ? "no server" : verdict.server;
    return page(
        503,
        plain,
        (verdict.server == wanted ? "it may not be used: " : current + " is the master: ") +
            state_text(verdict) + "\n");
}

// Likewise: 200 where reads may go. `lag` asks for fewer bytes than the policy does.
HttpResponse replica(const PageSources& sources, const HttpRequest& request, std::string_view rest)
{
    const auto asked = find_server(sources, rest);
    const auto& wanted = asked.server;
    if (!asked.place)
        return no_such_name();
    const auto name = sources.control.name(*asked.place);
    if (!name.replicas)
        return page(404, plain, "this master has no replicas: configured\n");
    const auto replicas = name.replicas->replicas();
    const auto known = std::ranges::find_if(
        replicas, [&](const verdict::Replica& each) { return each.server.name == wanted; });
    if (known == replicas.end())
        return page(404, plain, "no server of this name is configured for the master\n");
    std::optional<std::uint64_t> most;
    if (const auto lag = find_argument(request.target, "lag")) {
        const auto size = config::parse_size(*lag);
        if (!size)
            return page(400, plain, "lag: " + size.error().text + "\n");
        most = *size;
    }
    if (!is_usable(known->fitness))
        return page(503, plain, "no reads: it is " + words_for(*known) + "\n");
    if (most && (!known->lag_bytes || *known->lag_bytes > *most))
        return page(
            503,
            plain,
            "no reads: it is " +
                (known->lag_bytes ? std::to_string(*known->lag_bytes) : "an unknown number of") +
                " bytes behind\n");
    return page(200, plain, "it may serve reads: " + words_for(*known) + "\n");
}

HttpResponse events(const PageSources& sources, const HttpRequest& request, std::string_view)
{
    std::optional<std::size_t> place;
    if (const auto wanted = find_argument(request.target, "name")) {
        place = find_name(sources, *wanted);
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

// The status page shows so many names in full: the one that was asked for, all when they are few,
// and else those that need a look.
constexpr std::size_t most_in_full = 4;

bool needs_a_look(const telemetry::NameReport& name)
{
    const auto& verdict = name.watch.verdict();
    return !verdict.open || verdict.state != verdict::State::ok || name.delivery->is_blocked();
}

HttpResponse status_page(const PageSources& sources, const HttpRequest& request, std::string_view)
{
    const auto names = names_of(sources);
    const auto wanted = find_argument(request.target, "name");
    const auto place = wanted ? find_name(sources, *wanted) : std::nullopt;
    if (wanted && !place)
        return no_such_name();
    const auto now = telemetry::Moment::now();
    const auto haproxies = sources.control.haproxies();
    const auto twemproxies = sources.control.twemproxies();
    const auto sentinels = sources.control.sentinels();
    std::vector<std::string> details;
    for (const auto& name : names)
        if (details.size() < most_in_full &&
            (wanted ? name.place == *place : names.size() <= most_in_full || needs_a_look(name)))
            details.push_back(telemetry::master_json(name, sentinels, now, haproxies, twemproxies));
    const auto part = telemetry::status_part(
        telemetry::masters_json(names, sentinels, now, haproxies, twemproxies), details);
    if (find_argument(request.target, "part"))
        return page(200, html, part);
    const auto nonce = telemetry::random_nonce();
    auto answer = page(200, html, telemetry::status_page(part, nonce));
    answer.headers = {
        {"Content-Security-Policy", telemetry::page_policy(nonce)},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"}};
    return answer;
}

HttpResponse index(const PageSources& sources, const HttpRequest& request, std::string_view rest);

struct Route {
    std::string_view path;  // one that ends in a slash, but `/`, stands for all that begin with it
    std::string_view argument;
    std::string_view words;
    Answer answer;
    bool is_check = false;  // OPTIONS is answered as GET is, as HAProxy's checks expect
};

constexpr std::array routes{
    Route{"/", "", "the status page", status_page},
    Route{"/help", "", "this list", index},
    Route{"/healthz", "", "the process serves", health, true},
    Route{"/readyz", "", "every name has a master that clients get to", readiness, true},
    Route{"/metrics", "", "for Prometheus", metrics},
    Route{"/v1/masters", "", "every name, its verdict and votes (JSON)", masters},
    Route{"/v1/masters/", "NAME", "one name, all that is known of it (JSON)", master},
    Route{
        "/v1/primary/",
        "NAME/SERVER",
        "200: the server is the master and may be used",
        primary,
        true},
    Route{"/v1/replica/", "NAME/SERVER", "200: reads may go there (?lag=1MB)", replica, true},
    Route{
        "/v1/events",
        "",
        "a line of JSON for each change, and one each second, without an end",
        events},
};

HttpResponse index(const PageSources&, const HttpRequest&, std::string_view)
{
    std::string text = "sentinel-spoa\n\n";
    for (const auto& route : routes) {
        auto path = std::string(route.path) + std::string(route.argument);
        path.resize(26, ' ');
        text += path + std::string(route.words) + "\n";
    }
    return page(200, plain, std::move(text));
}

// Without the query, and without the origin that a proxy's request has.
std::string_view path_of(std::string_view target)
{
    constexpr std::string_view scheme = "http://";
    if (target.starts_with(scheme)) {
        const auto slash = target.find('/', scheme.size());
        target = slash == std::string_view::npos ? "/" : target.substr(slash);
    }
    return target.substr(0, target.find('?'));
}

bool leads_to(const Route& route, std::string_view path)
{
    const bool is_folder = route.path.size() > 1 && route.path.ends_with('/');
    return is_folder ? path.starts_with(route.path) : path == route.path;
}

}  // namespace

HttpResponse answer_page(const PageSources& sources, const HttpRequest& request)
{
    const auto path = path_of(request.target);
    const auto* const route =
        std::ranges::find_if(routes, [&](const Route& each) { return leads_to(each, path); });
    if (route == routes.end())
        return page(404, plain, "not found; /help lists what there is\n");
    const bool is_options = request.method == "OPTIONS";
    if (request.method != "GET" && request.method != "HEAD" && !is_options) {
        auto refused = page(405, plain, "read-only: " + std::string(methods) + "\n");
        refused.headers = {{"Allow", std::string(methods)}};
        return refused;
    }
    if (!is_options)
        return route->answer(sources, request, path.substr(route->path.size()));
    auto answer = page(200, plain, {});
    if (route->is_check)
        answer.status = route->answer(sources, request, path.substr(route->path.size())).status;
    answer.headers = {{"Allow", std::string(methods)}};
    return answer;
}

}  // namespace spoa::daemon
