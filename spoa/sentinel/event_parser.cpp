#include "sentinel/event_parser.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace spoa::sentinel {
namespace {

struct Row {
    std::string_view channel;
    Hint hint;
};

// The leader's earliest sign of a promotion is +promoted-slave; its +switch-master comes a second
// after everybody else's.
constexpr std::array rows{
    Row{"+promoted-slave", Hint::ask_sender},
    Row{"+config-update-from", Hint::ask_sender},
    Row{"+switch-master", Hint::ask_sender},
    Row{"+failover-end", Hint::ask_sender},
    Row{"+failover-end-for-timeout", Hint::ask_sender},
    Row{"+sdown", Hint::ask_sender},
    Row{"-sdown", Hint::ask_sender},
    Row{"+odown", Hint::ask_sender},
    Row{"-odown", Hint::ask_sender},
    Row{"+try-failover", Hint::ask_all},
    Row{"+elected-leader", Hint::ask_all},
    Row{"+selected-slave", Hint::ask_nodes},
    Row{"+failover-state-send-slaveof-noone", Hint::note},
    Row{"+failover-state-wait-promotion", Hint::ask_nodes},
    Row{"-role-change", Hint::ask_all},
    Row{"-failover-abort-not-elected", Hint::ask_sender},
    Row{"-failover-abort-no-good-slave", Hint::ask_sender},
    Row{"-failover-abort-slave-timeout", Hint::ask_sender},
    Row{"-failover-abort-master-timeout", Hint::ask_sender},  // Valkey 9, FAILOVER … COORDINATED
    Row{"+reset-master", Hint::ask_all},
    Row{"+monitor", Hint::ask_all},
    Row{"-monitor", Hint::ask_all},
    Row{"+sentinel", Hint::ask_quorum},
    Row{"+set", Hint::note},
    Row{"+reboot", Hint::ask_nodes},
    Row{"+tilt", Hint::note},
    Row{"-tilt", Hint::note},
};

constexpr auto channel_names = [] {
    std::array<std::string_view, rows.size()> names;
    std::ranges::transform(rows, names.begin(), &Row::channel);
    return names;
}();

std::vector<std::string_view> split(std::string_view text)
{
    constexpr std::size_t enough = 5;  // one more than any layout needs
    std::vector<std::string_view> words;
    while (words.size() < enough) {
        const auto space = text.find(' ');
        words.push_back(text.substr(0, space));
        if (space == std::string_view::npos)
            break;
        text = text.substr(space + 1);
    }
    return words;
}

// Takes the first word off the front of `text`, and the blank after it.
std::string_view take_word(std::string_view& text)
{
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    return word;
}

bool is_number(std::string_view word)
{
    return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

// Whether the text begins with ` IP PORT`, as after a name.
bool is_after_name(std::string_view text)
{
    if (!text.starts_with(' '))
        return false;
    const auto words = split(text.substr(1));
    return words.size() >= 2 && is_number(words[1]);
}

// Takes the name of a master off the front of `text`, and the blank after it. Of two of `spaced`
// that it may be, it is the longer one.
std::string_view take_name(std::string_view& text, std::span<const std::string> spaced)
{
    std::string_view name;
    for (const auto& each : spaced)
        if (each.size() > name.size() && text.starts_with(each) &&
            is_after_name(text.substr(each.size())))
            name = each;
    if (name.empty())
        return take_word(text);
    const auto taken = text.substr(0, name.size());
    text.remove_prefix(name.size() + 1);
    return taken;
}

Subject parse_subject(std::string_view word)
{
    if (word == "master")
        return Subject::master;
    if (word == "slave")
        return Subject::slave;
    if (word == "sentinel")
        return Subject::sentinel;
    return Subject::none;
}

std::optional<Endpoint> find_endpoint(std::string_view host, std::string_view port)
{
    auto endpoint = make_endpoint(host, port);
    if (!endpoint)
        return std::nullopt;
    return *std::move(endpoint);
}

}  // namespace

std::span<const std::string_view> channels()
{
    return channel_names;
}

std::optional<Event> parse_event(
    std::string_view channel, std::string_view payload, std::span<const std::string> spaced)
{
    const auto row = std::ranges::find(rows, channel, &Row::channel);
    if (row == rows.end())
        return std::nullopt;
    Event event;
    event.channel = row->channel;
    event.hint = row->hint;

    auto rest = payload;
    if (event.channel == "+switch-master") {
        event.master_name = take_name(rest, spaced);
        const auto words = split(rest);
        if (words.size() != 4)
            return std::nullopt;
        event.subject = Subject::master;
        event.node = find_endpoint(words[2], words[3]);
        return event;
    }
    event.subject = parse_subject(take_word(rest));
    if (event.subject == Subject::none)
        return event;
    if (event.subject != Subject::master) {
        take_word(rest);  // its own name
        const auto host = take_word(rest);
        event.node = find_endpoint(host, take_word(rest));
        if (take_word(rest) != "@")
            return std::nullopt;
    }
    event.master_name = take_name(rest, spaced);
    const auto words = split(rest);
    if (words.size() < 2 || !is_number(words[1]))
        return std::nullopt;  // also a name of others that has blanks
    (event.subject == Subject::master ? event.node : event.master) =
        find_endpoint(words[0], words[1]);

    // The channels of s_down are shared by masters, replicas and Sentinels; only the masters'
    // change a verdict, the replicas' where reads go, and the Sentinels' a failover's chances.
    if (event.channel.ends_with("sdown") && event.subject == Subject::slave)
        event.hint = Hint::ask_replicas;
    if (event.channel.ends_with("sdown") && event.subject == Subject::sentinel)
        event.hint = Hint::ask_quorum;
    return event;
}

}  // namespace spoa::sentinel
