#pragma once

#include "base/result.hpp"
#include "resp/value.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace spoa::resp {

// What a peer may make us keep. Sentinel's largest answer to us is below 1 KiB a name.
struct ReaderLimits {
    std::size_t reply_bytes = 1'048'576;  // of one unfinished reply
    std::size_t array_elements = 65'536;  // of one array
};

// Turns a byte stream into replies: hiredis' parser, with a bound on what is not yet complete.
class Reader {
public:
    explicit Reader(ReaderLimits limits = {});
    ~Reader();
    Reader(Reader&&) noexcept;
    Reader& operator=(Reader&&) noexcept;

    void feed(std::string_view bytes);

    // The next whole reply; nullopt when more bytes are needed. After an error the stream is
    // lost and the reader of no further use.
    [[nodiscard]] result<std::optional<Value>> next();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace spoa::resp
