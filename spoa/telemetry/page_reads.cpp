#include "telemetry/page_sections.hpp"
#include "telemetry/page_words.hpp"

namespace spoa::telemetry {
namespace {

// What a read gets, in one sentence.
Html reads_go_to(const PageJson& reads)
{
    std::string servers;
    for (const auto& server : reads.at("servers"))
        servers += (servers.empty() ? "" : ", ") + server.get<std::string>();
    if (!servers.empty())
        return Tag("p").around(escaped("Reads go to ") + Tag("strong").around(escaped(servers)));
    const auto fallback = text_of(reads, "fallback");
    const auto* const instead = fallback == "master" ? "reads go where writes go"
                                : fallback == "wait" ? "reads wait for one"
                                                     : "reads are refused";
    return Tag("p").around(bad(
        std::string("No replica is fresh enough: ") + instead + " (fallback: " + fallback + ")"));
}

// The limits, and what holds when nobody is within them.
std::string caption_of(const PageJson& reads)
{
    return "Fresh is at most " + size_text(reads.at("max_lag_bytes").get<std::uint64_t>()) +
           " and " + age_of(reads, "max_lag_ms") +
           " behind; fallback: " + text_of(reads, "fallback") +
           (reads.value("strict", false) ? "; strict" : "");
}

Html fitness_of(const PageJson& replica)
{
    const auto words = text_of(replica, "fitness");
    const bool as_wanted = replica.at("usable").get<bool>() || words == "the master" ||
                           replica.value("weight", 1U) == 0;
    return as_wanted ? escaped(words) : bad(words);
}

}  // namespace

Html reads_section(const PageJson& master)
{
    const auto found = master.find("reads");
    if (found == master.end() || found->is_null())
        return {};
    Html rows;
    for (const auto& replica : found->at("replicas")) {
        const auto lag = replica.find("lag_bytes");
        rows +=
            row(row_heading(escaped(text_of(replica, "server"))) + cell(fitness_of(replica)) +
                number_cell(
                    lag != replica.end() && lag->is_number() ? size_text(lag->get<std::uint64_t>())
                                                             : "\xe2\x80\x93") +
                number_cell(age_of(replica, "lag_ms")) + number_cell(number_of(replica, "weight")));
    }
    return section(
        "reads",
        "Reads",
        reads_go_to(*found) +
            table(caption_of(*found), {"server", "it is", "#lag", "#old", "#weight"}, rows));
}

}  // namespace spoa::telemetry
