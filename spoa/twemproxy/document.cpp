#include "twemproxy/document.hpp"

#include <algorithm>
#include <utility>

namespace spoa::twemproxy {
namespace {

using config::Problem;
using config::TreeNode;

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

// Without this check yaml-cpp puts another character, of another length, in the place of a bad one.
bool is_utf8(std::string_view text)
{
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const std::size_t size = byte < 0x80U                    ? 1
                                 : byte >= 0xc2U && byte < 0xe0U ? 2
                                 : byte >= 0xe0U && byte < 0xf0U ? 3
                                 : byte >= 0xf0U && byte < 0xf5U ? 4
                                                                 : 0;
        if (size == 0 || size > text.size() - i)
            return false;
        for (std::size_t k = 1; k < size; ++k)
            if ((static_cast<unsigned char>(text[i + k]) & 0xc0U) != 0x80U)
                return false;
        i += size;
    }
    return true;
}

}  // namespace

std::size_t Document::offset_of(config::Place place) const
{
    const auto line = static_cast<std::size_t>(place.line - 1);
    return lines.at(line) + static_cast<std::size_t>(place.column - 1);
}

config::Parsed<Document> read_document(std::string_view text)
{
    const auto start = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
    const auto body = text.substr(start);
    if (!is_utf8(text))
        return Problem{"it is not UTF-8; save it as plain text in UTF-8"};
    if (body.find_first_not_of(" \t\r\n") == std::string_view::npos)
        return Problem{"it is empty"};

    config::Report report;
    Document out{config::parse_yaml(body, report), {start}};
    if (!out.root) {
        const auto said = std::move(report).take().front();
        const auto line = said.line > 0 ? "line " + std::to_string(said.line) + ": " : "";
        return Problem{line + said.text};
    }
    if (out.root->kind != TreeNode::Kind::mapping)
        return Problem{"it is no nutcracker.yml: expected pools, each with its settings"};
    for (auto i = start; i < text.size(); ++i)
        if (text[i] == '\n')
            out.lines.push_back(i + 1);
    return out;
}

bool is_same(const TreeNode& a, const TreeNode& b)
{
    const auto same = [](const config::NodePtr& x, const config::NodePtr& y) {
        return is_same(*x, *y);
    };
    const auto same_entry = [&](const auto& x, const auto& y) {
        return same(x.first, y.first) && same(x.second, y.second);
    };
    return a.kind == b.kind && a.text == b.text && std::ranges::equal(a.items, b.items, same) &&
           std::ranges::equal(a.entries, b.entries, same_entry);
}

}  // namespace spoa::twemproxy
