#include "config/tls.hpp"

#include "config/temporary_folder.hpp"
#include "config/told.hpp"

#include <string>

using namespace spoa;
using spoa::test::check_one;
using spoa::test::good_masters;
using spoa::test::TemporaryFolder;
using spoa::test::told;
using spoa::test::world_readable;

namespace {

std::string with(const std::string& tls)
{
    return spoa::test::with_sentinels("  tls: " + tls);
}

}  // namespace

TEST_SUITE("config/tls")
{
    TEST_CASE("TLS is spoken where there is a section tls, even an empty one")
    {
        const auto tls_of = [](const std::string& text) {
            const auto loaded = config::load_text(text, ".");
            CHECK(told(loaded).empty());
            return loaded.config.sentinels.tls;
        };
        CHECK_FALSE(tls_of("sentinels: {addresses: [a:1, b:1, c:1]}\n" + good_masters).enabled);
        for (const std::string text : {"{}", "", "{verify: true}"}) {
            CAPTURE(text);
            const auto tls = tls_of(with(text));
            CHECK(tls.enabled);
            CHECK(tls.verify);
            CHECK(tls.ca_file.empty());
        }
    }

    TEST_CASE("files are relative to the folder of the configuration")
    {
        const TemporaryFolder folder;
        folder.write("ca.pem", "x", world_readable);
        folder.write("agent.pem", "x", world_readable);
        folder.write("agent.key", "x");
        const auto absolute = (folder.path() / "agent.key").string();
        const auto loaded = config::load_text(
            with(
                "{ca_file: ca.pem, cert_file: agent.pem, key_file: " + absolute +
                ", server_name: sentinel.example}"),
            folder.path());
        CHECK(told(loaded).empty());
        const auto& tls = loaded.config.sentinels.tls;
        CHECK(tls.ca_file == folder.path() / "ca.pem");
        CHECK(tls.cert_file == folder.path() / "agent.pem");
        CHECK(tls.key_file == absolute);
        CHECK(tls.server_name == "sentinel.example");
    }

    TEST_CASE("what cannot be is told at its place")
    {
        const TemporaryFolder folder;
        folder.write("pem", "x");
        folder.write("open", "x", world_readable);
        const auto check =
            [&](const std::string& text, const std::string& start, const std::string& words) {
                check_one(told(config::load_text(with(text), folder.path())), start, {words});
            };
        check("true", "3:8: error", "sentinels.tls: expected a mapping");
        check(
            "{cafile: pem}",
            "3:9: error",
            "unknown key 'cafile' in sentinels.tls; did you mean 'ca_file'?");
        check(
            "{ca_file: none}",
            "3:18: error",
            "sentinels.tls.ca_file: cannot read 'none': No such file or directory");
        check("{ca_file: .}", "3:18: error", "Is a directory");
        check("{ca_file: ''}", "3:18: error", "the file name is empty");
        check("{ca_file: [pem]}", "3:18: error", "expected a text, found a list");
        check("{cert_file: none, key_file: pem}", "3:20: error", "cannot read 'none'");
        check("{cert_file: pem, key_file: none}", "3:35: error", "cannot read 'none'");
        check("{cert_file: pem}", "3:20: error", "a certificate needs its key; add key_file");
        check("{key_file: pem}", "3:19: error", "a key needs its certificate; add cert_file");
        check("{cert_file: pem, key_file: open}", "3:35: warning", "every user can read 'open'");
        check("{server_name: 'a:1'}", "3:22: error", "'a:1' is no host name");
        check("{server_name: ''}", "3:22: error", "is no host name");
        check("{verify: no}", "3:17: error", "expected true or false, found 'no'");
        check("{verify: false}", "3:17: warning", "the peer may be anyone");
    }

    TEST_CASE("a server name may be an IP address")
    {
        for (const std::string name : {"10.0.0.1", "'2001:db8::1'", "redis_1"}) {
            CAPTURE(name);
            CHECK(told(with("{server_name: " + name + "}")).empty());
        }
    }

    TEST_CASE("the data nodes of each master have their own")
    {
        const TemporaryFolder folder;
        folder.write("ca.pem", "x");
        const auto loaded = config::load_text(
            test::good_sentinels +
                "masters:\n"
                "  - {name: a, servers: {R1: a:1}, redis: {tls: {ca_file: ca.pem}}}\n"
                "  - {name: b, servers: {R1: b:1}, redis: {}}\n",
            folder.path());
        CHECK(told(loaded).empty());
        CHECK_FALSE(loaded.config.sentinels.tls.enabled);
        CHECK(loaded.config.masters.at(0).redis->tls.ca_file == folder.path() / "ca.pem");
        CHECK_FALSE(loaded.config.masters.at(1).redis->tls.enabled);
    }
}
