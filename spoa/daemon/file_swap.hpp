// A file of somebody else that is replaced as a whole. At every moment, after a crash too, the file
// is the old or the new one, with its owner, group and mode. Beside it:
//
//   FILE.part        the new one while it is written; never whole
//   FILE.new         the new one, tested but not in force; after the exchange the old one, until
//                    the swap is kept or taken back. What is left of it says that a swap was begun
//   FILE.last-good   the one that was in force before the last swap that was kept
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::daemon {

class FileSwap {
public:
    enum class Exchanged { yes, edited_meanwhile, failed };

    explicit FileSwap(std::filesystem::path file) : given_(std::move(file)) {}

    // Every function that can fail answers one sentence that says what to do; empty is good.

    // Reads the file and remembers whose it is. A link is followed, also later, when it belongs to
    // root, to the agent or to the owner of the file: nobody else may say which file is replaced.
    std::string read(std::string& text);

    // Whether the file, by its inode, size and time, is what was read last.
    bool is_as_read() const;

    // A swap was begun and neither kept nor taken back: the process may run with another file.
    bool is_begun() const;

    // Writes FILE.new, which is whole and on the disk afterwards.
    std::string write(const std::string& text);
    std::string candidate() const { return beside(".new").string(); }

    // Puts FILE.new in force if the file is still `expected`. Whatever somebody has put there
    // meanwhile stays in force, byte for byte.
    Exchanged exchange(const std::string& expected, std::string& trouble);

    std::string keep();  // FILE.new, the old one, becomes FILE.last-good
    void discard();      // removes FILE.new

private:
    std::filesystem::path beside(std::string_view ending) const;
    int find(std::vector<uid_t>& owners);
    std::string trouble(std::string_view what, const std::filesystem::path& path, int error) const;

    std::filesystem::path given_;
    std::filesystem::path file_;  // without links
    struct stat status_ {};
};

}  // namespace spoa::daemon
