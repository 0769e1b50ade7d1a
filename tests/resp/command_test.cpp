#include "resp/command.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace spoa;
using namespace std::string_view_literals;

namespace {

std::string command(std::initializer_list<std::string_view> words)
{
    std::string out;
    resp::put_command(out, words);
    return out;
}

}  // namespace

TEST_SUITE("resp/command")
{
    TEST_CASE("known bytes of commands")
    {
        CHECK(command({"PING"}) == "*1\r\n$4\r\nPING\r\n");
        CHECK(
            command({"SENTINEL", "MASTER", "mymaster"}) ==
            "*3\r\n$8\r\nSENTINEL\r\n$6\r\nMASTER\r\n$8\r\nmymaster\r\n");
    }

    TEST_CASE("words may hold any bytes, or none")
    {
        CHECK(command({"AUTH", "p w\r\n$1"}) == "*2\r\n$4\r\nAUTH\r\n$7\r\np w\r\n$1\r\n");
        CHECK(command({"AUTH", ""}) == "*2\r\n$4\r\nAUTH\r\n$0\r\n\r\n");
        CHECK(command({"AUTH", {}}) == "*2\r\n$4\r\nAUTH\r\n$0\r\n\r\n");
        CHECK(command({"AUTH", "a\0b"sv}) == "*2\r\n$4\r\nAUTH\r\n$3\r\na\0b\r\n"sv);
    }

    TEST_CASE("a word is the length of its view, not of what lies behind it")
    {
        const std::string_view long_text = "PINGPONG";
        CHECK(command({long_text.substr(0, 4)}) == "*1\r\n$4\r\nPING\r\n");
    }

    TEST_CASE("commands are appended, to be sent in one write")
    {
        std::string out;
        resp::put_command(out, {"PING"});
        resp::put_command(out, {"QUIT"});
        CHECK(out == "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nQUIT\r\n");
    }

    TEST_CASE("many words, as a SUBSCRIBE to all channels")
    {
        const std::vector<std::string_view> words(100, "w");
        std::string out;
        resp::put_command(out, words);
        CHECK(out.starts_with("*100\r\n$1\r\nw\r\n"));
        CHECK(out.size() == 6 + 100 * 7);
    }
}
