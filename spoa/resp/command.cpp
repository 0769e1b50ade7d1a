#include "resp/command.hpp"

#include <hiredis/hiredis.h>

#include <new>
#include <vector>

namespace spoa::resp {

void put_command(std::string& out, std::span<const std::string_view> words)
{
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    for (const auto word : words) {
        texts.push_back(word.data());
        sizes.push_back(word.size());
    }
    char* formatted = nullptr;
    const auto size = redisFormatCommandArgv(
        &formatted, static_cast<int>(words.size()), texts.data(), sizes.data());
    if (size < 0)
        throw std::bad_alloc();
    out.append(formatted, static_cast<std::size_t>(size));
    redisFreeCommand(formatted);
}

void put_command(std::string& out, std::initializer_list<std::string_view> words)
{
    put_command(out, std::span(words.begin(), words.size()));
}

void put_auth(std::string& out, std::string_view username, std::string_view password)
{
    if (username.empty())
        put_command(out, {"AUTH", password});
    else
        put_command(out, {"AUTH", username, password});
}

}  // namespace spoa::resp
