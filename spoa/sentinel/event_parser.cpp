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
    constexpr std::size_t enough = 9;  // layout II without its extra words
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

std::optional<Event> parse_event(std::string_view channel, std::string_view payload)
{
    const auto row = std::ranges::find(rows, channel, &Row::channel);
    if (row == rows.end())
        return std::nullopt;
    Event event;
    event.channel = row->channel;
    event.hint = row->hint;

    const auto words = split(payload);
    if (event.channel == "+switch-master") {
        if (words.size() != 5)
            return std::nullopt;
        event.subject = Subject::master;
        event.master_name = words[0];
        event.node = find_endpoint(words[3], words[4]);
        return event;
    }
    event.subject = parse_subject(words[0]);
    if (event.subject == Subject::none)
        return event;
    if (event.subject == Subject::master) {
        if (words.size() < 4)
            return std::nullopt;
        event.master_name = words[1];
    } else {
        if (words.size() < 8 || words[4] != "@")
            return std::nullopt;
        event.master_name = words[5];
        event.master = find_endpoint(words[6], words[7]);
    }
    event.node = find_endpoint(words[2], words[3]);

    // The channels of s_down are shared by masters, replicas and Sentinels; only the masters'
    // change a verdict, the replicas' where reads go, and the Sentinels' a failover's chances.
    if (event.channel.ends_with("sdown") && event.subject == Subject::slave)
        event.hint = Hint::ask_replicas;
    if (event.channel.ends_with("sdown") && event.subject == Subject::sentinel)
        event.hint = Hint::ask_quorum;
    return event;
}

}  // namespace spoa::sentinel
