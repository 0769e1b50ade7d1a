#include "base/peer_text.hpp"

#include "base/endpoint.hpp"
#include "base/mask.hpp"
#include "base/printable.hpp"

#include <mutex>
#include <set>
#include <shared_mutex>

namespace spoa {
namespace {

constexpr std::size_t longest_name = 253;

struct Known {
    std::shared_mutex mutex;
    Mask mask;
    std::set<std::string, std::less<>> own_names;  // in lower case
};

Known& known()
{
    static Known all;
    return all;
}

}  // namespace

void hide_secret(std::string_view secret)
{
    auto& [mutex, mask, own_names] = known();
    const std::lock_guard lock(mutex);
    mask.add(secret);
}

std::vector<std::string> hidden_parts()
{
    auto& [mutex, mask, own_names] = known();
    const std::shared_lock lock(mutex);
    return mask.parts();
}

void forget_secrets()
{
    auto& [mutex, mask, own_names] = known();
    const std::lock_guard lock(mutex);
    mask = Mask();
    own_names.clear();
}

void add_own_name(std::string_view name)
{
    auto& [mutex, mask, own_names] = known();
    const std::lock_guard lock(mutex);
    own_names.insert(folded(name));
}

std::string shown(std::string_view text, std::size_t longest)
{
    // A mask is shorter than what it hides, so a little more than what fits is looked at.
    constexpr std::size_t most_hidden = 1'024;
    auto& [mutex, mask, own_names] = known();
    const std::shared_lock lock(mutex);
    return printable(mask.hide(text.substr(0, longest + most_hidden)), longest);
}

std::string shown_name(std::string_view name)
{
    {
        auto& [mutex, mask, own_names] = known();
        const std::shared_lock lock(mutex);
        if (own_names.contains(folded(name)))
            return std::string(name);
    }
    return shown(name, longest_name);
}

}  // namespace spoa
