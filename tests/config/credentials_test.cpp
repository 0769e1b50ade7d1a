#include "config/credentials.hpp"

#include "config/temporary_folder.hpp"
#include "config/told.hpp"

#include <stdlib.h>

#include <string>

using namespace spoa;
using spoa::test::check_one;
using spoa::test::TemporaryFolder;
using spoa::test::told;
using spoa::test::with_sentinels;
using spoa::test::world_readable;

namespace {

std::string password_of(const config::Loaded& loaded)
{
    CHECK(told(loaded).empty());
    return loaded.config.sentinels.credentials.password.reveal();
}

// A variable of the environment for the length of a test, which is the only thread.
class Variable {
public:
    Variable(const char* name, const char* text) : name_(name)
    {
        ::setenv(name, text, 1);  // NOLINT(concurrency-mt-unsafe)
    }
    ~Variable()
    {
        ::unsetenv(name_);  // NOLINT(concurrency-mt-unsafe)
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

private:
    const char* name_;
};

}  // namespace

TEST_SUITE("config/credentials")
{
    TEST_CASE("a password file that cannot be read is taken from the credentials of systemd")
    {
        const TemporaryFolder folder;
        folder.write("secrets_pass", "from systemd\n");
        folder.write("both", "from file\n");
        folder.write("secrets_both", "from systemd\n");
        const Variable variable("CREDENTIALS_DIRECTORY", folder.path().c_str());
        const auto load = [&](const std::string& file) {
            return password_of(
                config::load_text(with_sentinels("  password_file: " + file), folder.path()));
        };
        CHECK(load("/nowhere/at/all/pass") == "from systemd");
        CHECK(load("sub/pass") == "from systemd");
        CHECK(load("both") == "from file");
        CHECK(
            told(config::load_text(with_sentinels("  password_file: other"), folder.path()))
                .size() == 1);
    }

    TEST_CASE("a password stands in the configuration, the environment or a file")
    {
        const Variable variable("SPOA_TEST_PASSWORD", "from env");
        const TemporaryFolder folder;
        folder.write("pass", "from file\n");
        const auto load = [&](const std::string& line) {
            return password_of(config::load_text(with_sentinels("  " + line), folder.path()));
        };
        CHECK(load("password: literal") == "literal");
        CHECK(load("password: 12345") == "12345");
        CHECK(load("password: \"${SPOA_TEST_PASSWORD}\"") == "from env");
        CHECK(load("password: ${SPOA_TEST_PASSWORD}") == "from env");
        CHECK(load("password_file: pass") == "from file");
        CHECK(load("password_file: " + (folder.path() / "pass").string()) == "from file");
    }

    TEST_CASE("only a whole value names a variable")
    {
        for (const std::string text : {"a${HOME}", "${HOME}a", "$HOME", "${}", "${A-B}", "${A"}) {
            CAPTURE(text);
            CHECK(
                password_of(config::load_text(with_sentinels("  password: '" + text + "'"), ".")) ==
                text);
        }
    }

    TEST_CASE("a relative password file lies beside the configuration")
    {
        const TemporaryFolder folder;
        folder.write("pass", "x");
        const auto file = folder.write("agent.yml", with_sentinels("  password_file: pass"));
        CHECK(password_of(config::load_file(file)) == "x");
    }

    TEST_CASE("one line end is taken off a password file, and nothing else")
    {
        const TemporaryFolder folder;
        const auto load = [&](const std::string& text) {
            folder.write("pass", text);
            return password_of(
                config::load_text(with_sentinels("  password_file: pass"), folder.path()));
        };
        CHECK(load("x") == "x");
        CHECK(load("x\n") == "x");
        CHECK(load("x\r\n") == "x");
        CHECK(load("x\n\n") == "x\n");
        CHECK(load("x\r") == "x\r");
        CHECK(load(" x \n") == " x ");
    }

    TEST_CASE("a password that cannot be had is told")
    {
        const Variable variable("SPOA_TEST_EMPTY", "");
        const TemporaryFolder folder;
        folder.write("empty", "\n");
        folder.write("large", std::string(70'000, 'x'));
        const auto check =
            [&](const std::string& line, const std::string& start, const std::string& words) {
                check_one(
                    told(config::load_text(with_sentinels("  " + line), folder.path())),
                    start,
                    {words});
            };
        check("password: ''", "3:13: error", "the password is empty");
        check("password:", "3:3: error", "write the password in quotes");
        check("password: [x]", "3:13: error", "expected a text, found a list");
        check("password: \"a\\nb\"", "3:13: error", "has a line break");
        check(
            "password: ${SPOA_TEST_UNSET}",
            "3:13: error",
            "the environment has no variable SPOA_TEST_UNSET");
        check("password: ${SPOA_TEST_EMPTY}", "3:13: error", "SPOA_TEST_EMPTY is empty");
        check("password_file: ''", "3:18: error", "the file name is empty");
        check("password_file: {a: b}", "3:18: error", "expected a text, found a mapping");
        check("password_file: missing", "3:18: error", "'missing': No such file or directory");
        check("password_file: .", "3:18: error", "Is a directory");
        check("password_file: empty", "3:18: error", "the file 'empty' is empty");
        check("password_file: large", "3:18: error", "File too large");
    }

    TEST_CASE("a password is given in one way, and a user name never without")
    {
        const auto check =
            [](const std::string& lines, const std::string& start, const std::string& words) {
                check_one(told(with_sentinels(lines)), start, {words});
            };
        check(
            "  password: a\n  password_file: b",
            "4:18: error",
            "password and password_file are both given");
        check("  password_file: b\n  password: a", "4:13: error", "both given");
        check("  username: agent", "3:13: error", "a user name needs a password");
        check("  username: ''\n  password: a", "3:13: error", "a user name has no blanks");
        check("  username: a b\n  password: a", "3:13: error", "a user name has no blanks");
        check("  username:\n  password: a", "3:3: error", "expected a text, found nothing");
    }

    TEST_CASE("a password that every user can read is warned of")
    {
        const TemporaryFolder folder;
        folder.write("pass", "hunter2", world_readable);
        check_one(
            told(config::load_text(with_sentinels("  password_file: pass"), folder.path())),
            "3:18: warning",
            {"every user can read 'pass'"});

        const auto literal = with_sentinels("  password: hunter2");
        check_one(
            told(config::load_file(folder.write("agent.yml", literal, world_readable))),
            "3:13: warning",
            {"every user can read this file"});
        CHECK(told(config::load_file(folder.write("agent.yml", literal))).empty());

        const Variable variable("SPOA_TEST_PASSWORD", "x");
        const auto from_env = with_sentinels("  password: ${SPOA_TEST_PASSWORD}");
        CHECK(told(config::load_file(folder.write("agent.yml", from_env, world_readable))).empty());
    }

    TEST_CASE("no diagnostic shows a password, wherever a slip has put it")
    {
        const TemporaryFolder folder;
        folder.write("pass", "hunter2", world_readable);
        for (const std::string lines :
             {"  password: hunter2\n  password_file: pass",
              "  password: [hunter2]",
              "  password: {hunter2: 1}",
              "  password: \"hunter2\\n\"",
              "  password: *hunter2",
              "  password: !hunter2",
              "  password: &hunter2",
              "  password: @hunter2",
              "  password: \"hunter2",
              "  password: 'hunter2\\q\"",
              "  passwort: hunter2",
              "  Password:hunter2",
              "  password hunter2",
              "  password=hunter2",
              "  password: hunter2: x",
              "  password: hunter2\n  password: hunter2",
              "  password_file: pass",
              "  password_file: none\n      password:hunter2",
              "  username: agent\n      password:hunter2",
              "  poll_interval: 500ms\n      password:hunter2",
              "  vote_ttl: {password:hunter2}",
              "password:hunter2",
              "log: password:hunter2",
              "log: {level: x password:hunter2}",
              "http: {listen: ['redis://:hunter2@a:1']}",
              "spop: {password:hunter2}",
              "spop: {threads: 1 hunter2}"}) {
            CAPTURE(lines);
            const auto file = folder.write("agent.yml", with_sentinels(lines), world_readable);
            const auto all = test::joined(told(config::load_file(file)));
            CAPTURE(all);
            CHECK_FALSE(all.empty());
            CHECK(all.find("hunter2") == std::string::npos);
        }
    }
}
