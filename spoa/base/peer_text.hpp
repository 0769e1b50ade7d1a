// The one way on which words of others get into what we say: of Sentinels, data nodes, HAProxy's
// sockets and the programs that we run. They come in as PeerText, which can be compared, and be
// shown only without what steers a terminal, short, and without any part of a password.
//
// What is known of passwords, and which words are our own, is kept for the life of the process, and
// may be used from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spoa {

// From now on no text of a peer shows it, nor a part of it of four bytes or more.
void hide_secret(std::string_view secret);

// What is hidden so far, in parts: each may be given to hide_secret() of another process.
std::vector<std::string> hidden_parts();

// For tests, which are many in one process: nothing is hidden, and no name is ours.
void forget_secrets();

// A name or host of the configuration: is shown as it is, also when a peer says it.
void add_own_name(std::string_view name);

// Text of a peer as it may be shown.
std::string shown(std::string_view text, std::size_t longest = 120);

// A name or host that a peer has given, as it may be shown.
std::string shown_name(std::string_view name);

// A word or a sentence of a peer.
class PeerText {
public:
    PeerText() = default;
    PeerText(std::string text) : text_(std::move(text)) {}  // NOLINT(google-explicit-constructor)
    PeerText(const char* text) : text_(text) {}             // NOLINT(google-explicit-constructor)

    bool empty() const { return text_.empty(); }
    bool starts_with(std::string_view words) const { return text_.starts_with(words); }
    bool operator==(const PeerText&) const = default;

    std::string shown(std::size_t longest = 120) const { return spoa::shown(text_, longest); }
    const std::string& raw() const { return text_; }  // to be compared, never to be shown

private:
    std::string text_;
};

}  // namespace spoa
