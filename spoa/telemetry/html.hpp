// HTML as a type of its own: text becomes a part of a page only through escaped(), so that a name
// or a reason from outside cannot become markup.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spoa::telemetry {

// Text that stands in this program.
class Literal {
public:
    // NOLINTNEXTLINE(google-explicit-constructor): a literal is what it says
    consteval Literal(const char* text) : text_(text) {}
    constexpr std::string_view view() const { return text_; }

private:
    std::string_view text_;
};

class Html {
public:
    Html() = default;
    explicit Html(Literal markup) : text_(markup.view()) {}

    Html& operator+=(const Html& other)
    {
        text_ += other.text_;
        return *this;
    }
    friend Html operator+(Html left, const Html& right) { return std::move(left += right); }

    bool empty() const { return text_.empty(); }
    const std::string& text() const { return text_; }

private:
    friend Html escaped(std::string_view text);
    friend struct Tag;
    std::string text_;
};

// The text as text, in an element or an attribute; control characters become U+FFFD.
Html escaped(std::string_view text);

// An element to be: `Tag("td").with("class", "number").around(escaped(x))`.
struct Tag {
    explicit Tag(Literal name) : name_(name.view()) {}
    Tag(Literal name, Literal css_class) : Tag(name) { with("class", css_class.view()); }

    Tag& with(Literal attribute, std::string_view value);
    Html around(const Html& content) const;

private:
    std::string_view name_;
    Html attributes_;
};

}  // namespace spoa::telemetry
