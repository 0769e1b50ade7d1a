#include "cli/command_line.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using namespace spoa::cli;
using spoa::haproxy_config::Form;

namespace {

Command parse(const std::vector<std::string>& arguments)
{
    std::vector<const char*> argv{"sentinel-spoa"};
    for (const auto& argument : arguments)
        argv.push_back(argument.c_str());
    return parse_command_line(static_cast<int>(argv.size()), argv.data(), "1.2.3");
}

template <class T>
T expect(const std::vector<std::string>& arguments)
{
    const auto command = parse(arguments);
    REQUIRE(std::holds_alternative<T>(command));
    return std::get<T>(command);
}

}  // namespace

TEST_SUITE("config/command_line")
{
    TEST_CASE("-f runs with a file, with the word run or without")
    {
        CHECK(expect<Run>({"-f", "a.yml"}).file == "a.yml");
        CHECK(expect<Run>({"run", "-f", "a.yml"}).file == "a.yml");
        CHECK(expect<Run>({"-f", "a.yml", "run"}).file == "a.yml");
    }

    TEST_CASE("-c checks a file")
    {
        CHECK(expect<Check>({"-c", "-f", "a.yml"}).file == "a.yml");
        CHECK(expect<Check>({"-f", "a.yml", "-c"}).file == "a.yml");
        CHECK(expect<Check>({"-cf", "a.yml"}).file == "a.yml");
        CHECK(expect<Check>({"run", "-c", "-f", "a.yml"}).file == "a.yml");
    }

    TEST_CASE("status asks the default place, or another one")
    {
        const auto plain = expect<Status>({"status"});
        CHECK(plain.url == "http://127.0.0.1:9005");
        CHECK_FALSE(plain.json);
        CHECK_FALSE(plain.watch);

        const auto full = expect<Status>({"status", "--url", "http://lb:1", "--json", "--watch"});
        CHECK(full.url == "http://lb:1");
        CHECK(full.json);
        CHECK(full.watch);
        CHECK(expect<Status>({"status", "--url=http://lb:1"}).url == "http://lb:1");
    }

    TEST_CASE("twemproxy checks a file")
    {
        CHECK(expect<TwemproxyCheck>({"twemproxy", "--check", "a.yml"}).file == "a.yml");
    }

    TEST_CASE("haproxy-config takes a form and a folder")
    {
        const auto plain = expect<HaproxyConfig>({"haproxy-config", "-f", "a.yml"});
        CHECK(plain.file == "a.yml");
        CHECK(plain.form == Form::use_server);
        CHECK(plain.output_folder == ".");

        const std::vector<std::pair<std::string, Form>> forms{
            {"use-server", Form::use_server},
            {"backends", Form::backends},
            {"set-dst", Form::set_dst}};
        for (const auto& entry : forms) {
            const auto& name = entry.first;
            const auto& form = entry.second;
            CAPTURE(name);
            const auto full = expect<HaproxyConfig>(
                {"haproxy-config", "-f", "a.yml", "--form", name, "-o", "/etc/haproxy"});
            CHECK(full.form == form);
            CHECK(full.output_folder == "/etc/haproxy");
        }
    }

    TEST_CASE("version and help are said with code 0, after a command too")
    {
        for (const std::string option : {"-V", "--version"}) {
            const auto exit = expect<Exit>({option});
            CHECK(exit.code == 0);
            CHECK(exit.text == "sentinel-spoa 1.2.3\n");
        }
        for (const std::vector<std::string>& arguments :
             {std::vector<std::string>{"-h"},
              {"--help"},
              {"run", "-h"},
              {"status", "--help"},
              {"haproxy-config", "-h"},
              {"-f", "a.yml", "-h"}}) {
            const auto exit = expect<Exit>(arguments);
            CHECK(exit.code == 0);
            CHECK(exit.text.find("Usage:") != std::string::npos);
        }
    }

    TEST_CASE("the help names every command and option and fits one screen")
    {
        const auto help = expect<Exit>({"--help"}).text;
        for (const std::string word :
             {"[run] -f FILE",
              "-c -f FILE",
              "status",
              "--url",
              "--json",
              "--watch",
              "haproxy-config -f FILE",
              "--form",
              "use-server",
              "backends",
              "set-dst",
              "-o DIR",
              "-V, --version",
              "-h, --help",
              "Examples:",
              "Exit codes:",
              "SIGTERM",
              "SIGINT"}) {
            CAPTURE(word);
            CHECK(help.find(word) != std::string::npos);
        }
        CHECK(std::ranges::count(help, '\n') <= 40);
        std::size_t width = 0;
        for (std::size_t begin = 0; begin < help.size();) {
            const auto end = help.find('\n', begin);
            width = std::max(width, end - begin);
            begin = end + 1;
        }
        CHECK(width <= 80);
    }

    TEST_CASE("wrong usage is one sentence, a pointer to the help, and code 2")
    {
        const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
            {{}, "-f FILE is missing"},
            {{"-c"}, "-f FILE is missing"},
            {{"run"}, "-f FILE is missing"},
            {{"haproxy-config"}, "-f FILE is missing"},
            {{"twemproxy"}, "twemproxy --check CONFIG"},
            {{"twemproxy", "--check"}, "--check needs a value"},
            {{"twemproxy", "--check", "a", "-f", "b"}, "'-f' does not belong to this command"},
            {{"-f", "b", "twemproxy", "--check", "a"}, "twemproxy takes no -f"},
            {{"-f"}, "-f needs a value"},
            {{"-f", ""}, "-f needs a FILE, not ''"},
            {{"-f", "-c"}, "-f needs a FILE, not '-c'"},
            {{"-f", "a", "-f", "b"}, "-f is given more than once"},
            {{"check", "a.yml"}, "unknown command 'check'; `sentinel-spoa -c -f FILE` checks"},
            {{"stauts"}, "unknown command 'stauts'; did you mean 'status'?"},
            {{"explode"}, "unknown command 'explode'"},
            {{"-f", "a", "--watsh"}, "unknown option '--watsh'; did you mean '--watch'?"},
            {{"-v"}, "unknown option '-v'; did you mean '-V'?"},
            {{"status", "mymaster"}, "unknown argument 'mymaster'"},
            {{"status", "-f", "a"}, "'-f' does not belong to this command"},
            {{"-f", "a", "--form", "backends"}, "'--form' does not belong to this command"},
            {{"-f", "a", "status"}, "status takes no -f and no -c"},
            {{"-c", "status"}, "status takes no -f and no -c"},
            {{"status", "--url"}, "--url needs a value"},
            {{"status", "--url="}, "--url needs a"},
            {{"-c", "haproxy-config", "-f", "a"}, "-c checks a configuration by itself"},
            {{"haproxy-config", "-f", "a", "--form", "map"},
             "--form is use-server, backends, set-dst, lua or lua-fallback, not 'map'"},
            {{"haproxy-config", "-o", "-f", "a"}, "-o needs a DIR, not '-f'"}};
        for (const auto& entry : cases) {
            const auto& arguments = entry.first;
            const auto& words = entry.second;
            CAPTURE(words);
            const auto exit = expect<Exit>(arguments);
            CAPTURE(exit.text);
            CHECK(exit.code == 2);
            CHECK(exit.text.starts_with("sentinel-spoa: "));
            CHECK(exit.text.find(words) != std::string::npos);
            CHECK(exit.text.ends_with("\ntry sentinel-spoa --help\n"));
            CHECK(std::ranges::count(exit.text, '\n') == 2);
        }
    }

    TEST_CASE("a program started without even its own name has wrong usage")
    {
        CHECK(std::get<Exit>(parse_command_line(0, nullptr, "1")).code == 2);
    }
}
