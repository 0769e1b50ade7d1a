#include "telemetry/page_table.hpp"

#include "telemetry/page_words.hpp"

namespace spoa::telemetry {
namespace {

constexpr std::string_view dash = "\xe2\x80\x93";

}  // namespace

std::string text_of(const PageJson& object, const char* key, std::string_view otherwise)
{
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>()
                                                       : std::string(otherwise);
}

Html section(Literal css_class, Literal heading, const Html& content)
{
    return Tag("section", css_class).around(Tag("h3").around(Html(heading)) + content);
}

std::string number_of(const PageJson& object, const char* key)
{
    const auto found = object.find(key);
    return found != object.end() && found->is_number() ? grouped(found->get<std::uint64_t>())
                                                       : std::string(dash);
}

std::string age_of(const PageJson& object, const char* key)
{
    const auto found = object.find(key);
    return found != object.end() && found->is_number()
               ? age_text(std::chrono::milliseconds(found->get<std::int64_t>()))
               : std::string(dash);
}

Html small(std::string_view text)
{
    return text.empty() ? Html() : Tag("small").around(escaped(text));
}

Html cell(const Html& content)
{
    return Tag("td").around(content);
}

Html number_cell(std::string_view text)
{
    return Tag("td", "number").around(escaped(text));
}

Html row_heading(const Html& content)
{
    return Tag("th").with("scope", "row").around(content);
}

Html row(const Html& cells)
{
    return Tag("tr").around(cells);
}

// The columns whose heading begins with `#` hold numbers.
Html table(
    std::string_view caption, std::initializer_list<std::string_view> headings, const Html& rows)
{
    Html head;
    for (auto heading : headings) {
        Tag th("th");
        th.with("scope", "col");
        if (heading.starts_with('#')) {
            th.with("class", "number");
            heading.remove_prefix(1);
        }
        head += th.around(escaped(heading));
    }
    return Tag("table").around(
        Tag("caption").around(escaped(caption)) + Tag("thead").around(row(head)) +
        Tag("tbody").around(rows));
}

Html bad(std::string_view text)
{
    return Tag("span", "bad").around(escaped(text));
}

}  // namespace spoa::telemetry
