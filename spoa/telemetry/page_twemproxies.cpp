#include "telemetry/page_sections.hpp"
#include "telemetry/page_words.hpp"

#include <chrono>
#include <cmath>

namespace spoa::telemetry {
namespace {

Html pool_row(const PageJson& pool)
{
    const auto in_file = text_of(pool, "in_file");
    const auto wanted = text_of(pool, "wanted");
    Html address = in_file.empty() ? escaped("not known") : address_html(in_file);
    if (!wanted.empty() && wanted != in_file)
        address += bad("should be " + wanted);
    return row(
        row_heading(escaped(text_of(pool, "pool")) + small(text_of(pool, "server"))) +
        cell(address));
}

}  // namespace

Html twemproxies_section(const PageJson& master)
{
    Html content;
    for (const auto& twemproxy : master.value("twemproxy", PageJson::array())) {
        Html rows;
        for (const auto& pool : twemproxy.at("pools"))
            rows += pool_row(pool);
        auto caption = text_of(twemproxy, "config");
        if (const auto took = twemproxy.find("last_restart_ms"); took != twemproxy.end())
            caption += "; its last restart took " +
                       age_text(std::chrono::milliseconds(std::llround(took->get<double>())));
        content += table(caption, {"pool", "address in the file"}, rows);
        if (!twemproxy.at("follows").get<bool>())
            content += Tag("p").around(
                bad("it does not follow: " + text_of(twemproxy, "trouble", "no reason is known")));
    }
    return content.empty() ? content : section("twemproxies", "Twemproxy", content);
}

}  // namespace spoa::telemetry
