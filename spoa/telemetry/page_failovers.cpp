#include "telemetry/page_sections.hpp"
#include "telemetry/page_words.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace spoa::telemetry {
namespace {

// The bars are drawn on a width of 1000.
constexpr std::int64_t bar_width = 1000;
constexpr std::int64_t least_width = 6;  // so that what takes no time is still to be seen

constexpr std::array<const char*, 6> phase_keys{
    "doubt", "o_down", "majority", "verdict", "sessions_ended", "first_session"};

// A phase that came.
struct Step {
    std::string_view key;
    Millis at;
};

struct Course {
    std::string from;
    std::string to;                         // empty while nobody knows
    std::vector<Step> steps;                // in the order they came
    std::vector<std::string_view> missing;  // phases that did not come
    std::optional<Millis> ended;
    std::optional<Millis> until;  // now, while the verdict has not come
    bool false_alarm = false;

    std::int64_t offset(Millis at) const { return (at - steps.front().at).count(); }
    const Step* find(std::string_view key) const
    {
        const auto found = std::ranges::find(steps, key, &Step::key);
        return found == steps.end() ? nullptr : &*found;
    }
};

Course course_of(const PageJson& failover, std::string_view now)
{
    Course course;
    course.from = text_of(failover, "from", text_of(failover, "from_address", "none"));
    course.to = text_of(failover, "to", text_of(failover, "to_address"));
    course.ended = parse_moment(text_of(failover, "ended"));
    course.false_alarm = failover.value("false_alarm", false);
    for (const auto* const key : phase_keys) {
        if (const auto at = parse_moment(text_of(failover.at("phases"), key)))
            course.steps.push_back({key, *at});
        else
            course.missing.emplace_back(key);
    }
    if (course.false_alarm && course.ended)
        course.steps.push_back({"over", *course.ended});
    else if (!course.find("verdict"))
        course.until = parse_moment(now);
    std::ranges::stable_sort(course.steps, {}, &Step::at);
    return course;
}

std::string words_of(std::string_view phase, const Course& course)
{
    const auto to = course.to.empty() ? "another" : course.to;
    if (phase == "doubt")
        return course.from + " is in doubt";
    if (phase == "o_down")
        return "Sentinels: " + course.from + " is down";
    if (phase == "majority")
        return "a majority names " + to;
    if (phase == "verdict")
        return "connections go to " + to;
    if (phase == "sessions_ended")
        return course.from + "'s last session ended";
    if (phase == "over")
        return course.from + " is out of doubt";
    return "first new session on " + to;
}

std::string milliseconds_text(std::int64_t count)
{
    return grouped(static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0))) + " ms";
}

// From the step before to this one, on the way from the first to the last.
Html bar(std::int64_t from, std::int64_t to, std::int64_t whole)
{
    const auto scaled = [&](std::int64_t offset) {
        return whole > 0 ? offset * (bar_width - least_width) / whole : 0;
    };
    const auto x = scaled(from);
    return Tag("svg")
        .with("viewBox", "0 0 1000 8")
        .with("preserveAspectRatio", "none")
        .with("aria-hidden", "true")
        .around(
            Tag("rect", "track")
                .with("x", "0")
                .with("y", "3")
                .with("width", std::to_string(bar_width))
                .with("height", "2")
                .around({}) +
            Tag("rect", "span")
                .with("x", std::to_string(x))
                .with("y", "0")
                .with("width", std::to_string(std::max(scaled(to) - x, least_width)))
                .with("height", "8")
                .around({}));
}

Html phases_list(const Course& course)
{
    const auto last = course.offset(course.steps.back().at);
    const auto whole = course.until ? std::max(last, course.offset(*course.until)) : last;
    Html items;
    std::int64_t before = 0;
    for (const auto& step : course.steps) {
        const auto offset = course.offset(step.at);
        items += Tag("li")
                     .with("class", step.key)
                     .around(
                         Tag("span", "phase").around(escaped(words_of(step.key, course))) +
                         bar(before, offset, whole) +
                         Tag("span", "number")
                             .around(escaped((offset > 0 ? "+" : "") + milliseconds_text(offset))));
        before = offset;
    }
    for (const auto& phase : course.missing)
        if (!course.false_alarm)
            items += Tag("li", "missing")
                         .around(
                             Tag("span", "phase").around(escaped(words_of(phase, course))) +
                             Tag("span", "number")
                                 .around(escaped(course.ended ? "not seen" : "not yet")));
    return Tag("ol", "phases").around(items);
}

// How it went, in a few words.
std::string outcome_of(const Course& course, std::string_view cause)
{
    if (course.false_alarm)
        return "a false alarm";
    const std::string why = cause == "down"     ? ", the master was down"
                            : cause == "manual" ? ", ordered"
                                                : "";
    const auto* const verdict = course.find("verdict");
    if (!verdict)
        return (course.until ? "under way for " + milliseconds_text(course.offset(*course.until))
                             : std::string("under way")) +
               why;
    return milliseconds_text(course.offset(verdict->at)) + " until the verdict" + why;
}

Html headline(const PageJson& failover, const Course& course, std::string_view now)
{
    auto names = course.from;
    if (!course.false_alarm)
        names += " \xe2\x86\x92 " + (course.to.empty() ? "?" : course.to);
    const std::string_view first = course.steps.front().key;
    return Tag("strong").around(escaped(names)) + Html(" ") +
           moment_html(text_of(failover.at("phases"), std::string(first).c_str()), now) +
           Html(" ") +
           Tag("span", "quiet").around(escaped(outcome_of(course, text_of(failover, "cause"))));
}

}  // namespace

Html failovers_section(const PageJson& master, std::string_view now)
{
    Html content;
    for (const auto& failover : master.value("failovers", PageJson::array())) {
        const auto course = course_of(failover, now);
        if (course.steps.empty())
            continue;
        Tag details("details");
        details.with(
            "id",
            text_of(master, "name") + '-' +
                std::to_string(course.steps.front().at.time_since_epoch().count()));
        if (content.empty())
            details.with("open", "");
        content += details.around(
            Tag("summary").around(headline(failover, course, now)) + phases_list(course));
    }
    if (content.empty())
        content = Tag("p", "quiet").around(escaped("None since the agent was started."));
    return section("failovers", "Last failovers", content);
}

}  // namespace spoa::telemetry
