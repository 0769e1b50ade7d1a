#include "telemetry/status_table.hpp"

#include "telemetry/answer_json.hpp"

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <utility>
#include <vector>

namespace spoa::telemetry {
namespace {

using Json = nlohmann::json;

std::string text_or_dash(const Json& value)
{
    return value.is_string() ? value.get<std::string>() : "-";
}

// The columns that are spoken of.
constexpr std::size_t state = 1;
constexpr std::size_t traffic = 2;
constexpr std::size_t address = 4;
constexpr std::size_t epoch = 5;
constexpr std::size_t votes = 6;
constexpr std::size_t since = 7;

std::string_view paint(const Row& row, std::size_t column)
{
    if (row[traffic] == "TRAFFIC")
        return bold;
    return column == state || column == traffic ? colour_of(row[state], row[traffic] == "open")
                                                : std::string_view();
}

bool is_deliverable(const Json& master)
{
    return master.value("deliverable", true);
}

Row row_of(const Json& master)
{
    return {
        master.at("name").get<std::string>(),
        master.at("state").get<std::string>() + (is_deliverable(master) ? "" : ", undeliverable"),
        master.at("open").get<bool>() ? "open" : "refused",
        text_or_dash(master.at("server")),
        text_or_dash(master.at("address")),
        std::to_string(master.at("epoch").get<std::uint64_t>()),
        std::to_string(master.at("votes").get<std::uint64_t>()) + "/" +
            std::to_string(master.at("sentinels").get<std::uint64_t>()),
        master.at("since").get<std::string>(),
    };
}

}  // namespace

StatusTable status_table(std::string_view masters_json, const TextStyle& style)
{
    try {
        const auto json = parse_answer<Json>(masters_json);
        if (!json.is_object() || !json.at("masters").is_array() || !json.at("sentinels").is_array())
            throw std::runtime_error("the answer is not that of a sentinel-spoa of this version");
        StatusTable table;
        std::vector<Row> rows{
            {"NAME", "STATE", "TRAFFIC", "SERVER", "MASTER", "EPOCH", "VOTES", "SINCE"}};
        std::string notes;  // what is wrong
        std::string waits;
        for (const auto& master : json.at("masters")) {
            rows.push_back(row_of(master));
            const auto who = master.at("name").get<std::string>() + ": ";
            if (const auto reason = master.at("reason").get<std::string>(); !reason.empty())
                notes += who + reason + "\n";
            for (const auto& problem : master.value("problems", Json::array()))
                notes += who + problem.get<std::string>() + "\n";
            table.all_well =
                table.all_well && master.at("open").get<bool>() && is_deliverable(master);
            if (const auto waiting = master.value("waiting", std::uint64_t{0}); waiting > 0)
                waits +=
                    who + std::to_string(waiting) + " new connections wait for a clear verdict\n";
        }
        for (const auto& sentinel : json.at("sentinels"))
            if (!sentinel.at("up").get<bool>())
                notes += "sentinel " + sentinel.at("address").get<std::string>() + ": " +
                         sentinel.at("failure").get<std::string>() + "\n";
        for (const auto& sentinel : json.at("sentinels"))
            if (const auto flood = sentinel.value("flood", ""); !flood.empty())
                notes +=
                    "sentinel " + sentinel.at("address").get<std::string>() + ": " + flood + "\n";
        if (const auto reload = json.value("reload", Json());
            !reload.is_null() && !reload.at("ok").get<bool>())
            notes += "the configuration file could not be read anew at " +
                     reload.at("at").get<std::string>() + ", and the one before is in force: " +
                     reload.at("failure").get<std::string>() + "\n";
        for (const auto& haproxy : json.value("haproxy", Json::array())) {
            const auto who = "haproxy " + haproxy.at("runtime_api").get<std::string>() + ": ";
            if (const auto old = haproxy.value("old_workers", Json());
                !old.is_null() && !old.at("up").get<bool>())
                notes += who + "old workers out of reach: " + old.at("failure").get<std::string>() +
                         "\n";
        }
        for (const auto& twemproxy : json.value("twemproxy", Json::array()))
            if (!twemproxy.at("follows").get<bool>())
                notes += "twemproxy " + twemproxy.at("config").get<std::string>() + ": " +
                         twemproxy.at("trouble").get<std::string>() + "\n";
        table.text = fitted(std::move(rows), {since, epoch, address, votes}, style, paint);
        table.all_well = table.all_well && notes.empty();
        if (!notes.empty() || !waits.empty())
            table.text += "\n" + wrapped(waits + notes, style.width);
        return table;
    } catch (const Json::exception& e) {
        throw std::runtime_error(
            std::string("the answer is not that of a sentinel-spoa of this version: ") + e.what());
    }
}

}  // namespace spoa::telemetry
