#include "telemetry/html.hpp"

namespace spoa::telemetry {

Html escaped(std::string_view text)
{
    Html html;
    auto& out = html.text_;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default:
                if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f)
                    out += "\xef\xbf\xbd";
                else
                    out += c;
        }
    }
    return html;
}

Tag& Tag::with(Literal attribute, std::string_view value)
{
    auto& out = attributes_.text_;
    out += ' ';
    out += attribute.view();
    out += "=\"";
    out += escaped(value).text_;
    out += '"';
    return *this;
}

Html Tag::around(const Html& content) const
{
    Html html;
    auto& out = html.text_;
    out += '<';
    out += name_;
    out += attributes_.text_;
    out += '>';
    out += content.text_;
    out += "</";
    out += name_;
    out += '>';
    return html;
}

}  // namespace spoa::telemetry
