#include "config/file.hpp"

#include "config/load.hpp"
#include "config/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <filesystem>
#include <string>

using namespace spoa;
using config::read_file;
using spoa::test::TemporaryFolder;

namespace {

std::string trouble_with(const std::filesystem::path& path)
{
    const auto file = read_file(path, 100);
    return file ? "none" : file.error().message();
}

}  // namespace

TEST_SUITE("config/file")
{
    TEST_CASE("a regular file, or a link to one, is read whole up to the limit")
    {
        const TemporaryFolder folder;
        const auto file = folder.write("file", std::string(100, 'x'));
        std::filesystem::create_symlink(file, folder.path() / "link");
        for (const auto& path : {file, folder.path() / "link"}) {
            const auto read = read_file(path, 100);
            REQUIRE(read.has_value());
            CHECK(read->text == std::string(100, 'x'));
        }
        CHECK(trouble_with(folder.write("larger", std::string(101, 'x'))) == "File too large");
    }

    TEST_CASE("what is no regular file is an error at once, and never waited for")
    {
        const TemporaryFolder folder;
        const auto fifo = folder.path() / "fifo";
        REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
        const std::string words = "it is no regular file, but a FIFO, a socket or a device";
        CHECK(trouble_with(fifo) == words);
        CHECK(trouble_with("/dev/zero") == words);
        CHECK(trouble_with("/dev/null") == words);
        CHECK(trouble_with(folder.path()) == "Is a directory");
        CHECK(trouble_with(folder.path() / "none") == "No such file or directory");

        const auto loaded = config::load_file(fifo);
        REQUIRE(loaded.has_errors());
        CHECK(loaded.diagnostics[0].text == "cannot read the file: " + words);
    }

    TEST_CASE("a file of gigabytes is refused by its size")
    {
        const TemporaryFolder folder;
        const auto file = folder.write("file", "");
        std::filesystem::resize_file(file, std::uintmax_t{5} << 30U);
        CHECK(trouble_with(file) == "File too large");
        CHECK(config::load_file(file).has_errors());
    }
}
