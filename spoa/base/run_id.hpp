#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace spoa {

// The id that a Redis process draws at its start: `run_id` of INFO, `runid` of SENTINEL MASTER, 40
// hex digits. Two are equal only if they are of one process. Unknown without one.
class RunId {
public:
    static constexpr std::size_t digits = 40;

    constexpr RunId() = default;

    // By a peer's word; unknown when it is anything else than 40 hex digits.
    constexpr explicit RunId(std::string_view text)
    {
        if (text.size() != digits)
            return;
        RunId read;
        for (std::size_t i = 0; i < digits; ++i) {
            const auto digit = value_of(text[i]);
            if (digit > 15)
                return;
            auto& byte = read.bytes_[i / 2];
            byte = static_cast<std::uint8_t>(16 * byte + digit);
        }
        read.known_ = true;
        *this = read;
    }

    constexpr bool is_known() const { return known_; }

    constexpr bool operator==(const RunId&) const = default;

private:
    static constexpr unsigned value_of(char c)
    {
        if (c >= '0' && c <= '9')
            return static_cast<unsigned>(c - '0');
        if (c >= 'a' && c <= 'f')
            return static_cast<unsigned>(c - 'a' + 10);
        if (c >= 'A' && c <= 'F')
            return static_cast<unsigned>(c - 'A' + 10);
        return 16;
    }

    std::array<std::uint8_t, digits / 2> bytes_{};
    bool known_ = false;
};

}  // namespace spoa
