#include "base/peer_text.hpp"
#include "config/config.hpp"

#include <string.h>

namespace spoa::config {

Secret::Secret(std::string text) : text_(text)
{
    hide_secret(text);
    ::explicit_bzero(text.data(), text.size());
}

Secret& Secret::operator=(const Secret& other)
{
    if (this != &other) {
        ::explicit_bzero(text_.data(), text_.size());
        text_ = other.text_;
    }
    return *this;
}

Secret::~Secret()
{
    ::explicit_bzero(text_.data(), text_.size());
}

}  // namespace spoa::config
