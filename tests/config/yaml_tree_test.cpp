#include "config/yaml_tree.hpp"

#include "config/told.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace spoa;
using namespace spoa::config;
using spoa::test::check_each;
using spoa::test::check_one;
using spoa::test::told;

namespace {

std::string repeated(const std::string& text, std::size_t size)
{
    std::string out;
    while (out.size() < size)
        out += text;
    return out;
}

NodePtr tree(const std::string& text)
{
    Report report;
    auto root = parse_yaml(text, report);
    REQUIRE(root);
    return root;
}

}  // namespace

TEST_SUITE("config/yaml_tree")
{
    TEST_CASE("every node knows its place, and a missing value that of its key")
    {
        const auto root = tree("# a comment\na:\n  - x\n  - {k: v}\nempty:\n\nlast: 1\n");
        CHECK(root->place == Place{2, 1});
        const auto& list = root->entries.at(0).second;
        CHECK(list->place == Place{3, 3});
        CHECK(list->items.at(1)->place == Place{4, 5});
        CHECK(list->items.at(1)->entries.at(0).second->place == Place{4, 9});
        CHECK(root->entries.at(1).second->kind == TreeNode::Kind::nothing);
        CHECK(root->entries.at(1).second->place == Place{5, 1});
        CHECK(root->size == 11);
    }

    TEST_CASE("an alias is the node of its anchor")
    {
        const auto root = tree("a: &x [1, 2]\nb: *x\n");
        CHECK(root->entries.at(0).second == root->entries.at(1).second);
        CHECK(root->size == 9);
    }

    TEST_CASE("line ends of other systems and a byte order mark are taken")
    {
        CHECK(tree("a: 1\r\nb: 2\r\n")->entries.at(1).second->text == "2");
        CHECK(
            tree("\xef\xbb\xbf"
                 "a: 1\n")
                ->entries.at(0)
                .first->text == "a");
    }

    TEST_CASE("what is no YAML is told with its place")
    {
        check_each(
            {{"spop: [1", "2:1: error", {"not valid YAML", "end of sequence flow not found"}},
             {"a: b: c", "1:5: error", {"illegal map value", "a colon without a blank"}},
             {"a:\n  b: 1\n c: 2", "3:2: error", {"end of map not found", "wrong indentation"}},
             {"a:\n\tb: 1", "2:3: error", {"indent with blanks, not with tabs"}},
             {"a: *b", "1:4: error", {"the referenced anchor is not defined"}},
             {"a: \"\\q\"", "1:7: error", {"unknown escape character"}},
             {"a: &x [*x]", "1:8: error", {"an alias cannot stand inside the node it names"}},
             {"listen: [::1]:9000", "1:14: error", {"an IPv6 address needs quotes"}}},
            "");
    }

    TEST_CASE("a text with control characters is refused, as the parser would not see all of it")
    {
        const std::string zero(1, '\0');
        for (const auto& bad :
             {zero, std::string("\x04"), std::string("\x1b"), std::string("\x7f")})
            check_one(told("a: 1\nb: x" + bad), "2:5: error", {"control character"});
    }

    TEST_CASE("a file is one document")
    {
        for (const std::string more : {"---\nb: 2\n", "---\n", "...\nx\n"})
            check_one(
                told("a: 1\n" + more),
                more[0] == '-' ? "2:1: error" : "3:1: error",
                {"one YAML document"});
        CHECK(tree("---\na: 1\n...\n")->entries.size() == 1);
    }

    TEST_CASE("an empty file is told as such")
    {
        for (const std::string text : {"", "\n\n", "# only a comment\n", "---\n", "~"})
            check_one(told(text), " error", {"the file is empty"});
    }

    TEST_CASE("settings are a mapping")
    {
        check_one(told("- a"), "1:1: error", {"expected settings (key: value)"});
        check_one(told("sentinels"), "1:1: error", {"expected settings (key: value)"});
    }

    TEST_CASE("a small text that means a lot is refused")
    {
        std::string laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n";
        for (char c = 'b'; c <= 'z'; ++c) {
            const std::string before = {'*', static_cast<char>(c - 1), ' ', ','};
            laughs +=
                c + std::string(": &") + c + " [" + repeated(before, before.size() * 9) + "]\n";
        }
        check_one(told(laughs), "5:4: error", {"more than 100000 values"});
        check_one(told(repeated("- a\n", 500'000)), "100001:3: error", {"more than 100000 values"});
    }

    TEST_CASE("a deep or large text is refused, whatever it is made of")
    {
        for (const std::string unit : {"[", "{", "- ", "? ", ": ", "[a,", "{a: ", "? - "}) {
            CAPTURE(unit);
            const auto lines = told(repeated(unit, 1'000'000));
            REQUIRE(lines.size() == 1);
            CHECK(lines.front().find("nested too deep") != std::string::npos);
        }
        for (const std::string unit :
             {"{},", "[]", "\"", "&a ", "!", "*a ", "%A\n", "---\n", "|\n"}) {
            CAPTURE(unit);
            CHECK(told(repeated(unit, 1'000'000)).size() == 1);
        }
        check_one(told(repeated("# ", 1'048'577)), " error", {"larger than 1 MiB"});
    }
}
