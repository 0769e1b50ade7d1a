#include "telemetry/memory.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace spoa::telemetry {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

namespace {

// What keeps a foreign text from costing much more memory than a true one of its size: what cannot
// be part of one is not even kept.
bool is_expected(int depth, Json::parse_event_t event, const Json& part)
{
    using Event = Json::parse_event_t;
    switch (event) {
        case Event::array_start: return depth == 1;
        case Event::object_start: return depth == 0 || depth == 2 || depth == 3;
        case Event::object_end:
            return depth != 2 || (part.contains("name") && part.contains("address"));
        case Event::value: return depth != 2;
        default: return true;
    }
}

bool is_known_key(const Json& key)
{
    constexpr std::array<std::string_view, 10> known{
        "version",
        "masters",
        "name",
        "address",
        "epoch",
        "shut",
        "promotion",
        "candidate",
        "sentinel",
        "age_ms"};
    return std::ranges::count(known, key.get_ref<const std::string&>()) > 0;
}

Json parse(std::string_view text)
{
    bool good = true;
    auto json = Json::parse(text, [&](int depth, Json::parse_event_t event, const Json& part) {
        good = good && is_expected(depth, event, part);
        return good && (event != Json::parse_event_t::key || is_known_key(part));
    });
    return good ? json : Json();
}

// Throws as nlohmann::json does when a part is missing or of another kind.
std::optional<monitor::SavedMaster> decode_one(const Json& json)
{
    auto address = parse_endpoint(json.at("address").get<std::string>());
    if (!address || !json.at("epoch").is_number_unsigned())
        return std::nullopt;
    monitor::SavedMaster one{
        json.at("name").get<std::string>(),
        *std::move(address),
        json.at("epoch").get<std::uint64_t>()};
    if (const auto word = json.find("shut"); word != json.end()) {
        const auto state = std::ranges::find(verdict::state_names, word->get<std::string>());
        if (state == verdict::state_names.end())
            return std::nullopt;
        one.shut = static_cast<verdict::State>(state - verdict::state_names.begin());
    }
    if (const auto promotion = json.find("promotion"); promotion != json.end()) {
        auto& out = one.promotion.emplace();
        out.sentinel = promotion->at("sentinel").get<std::string>();
        const auto& age = promotion->at("age_ms");
        constexpr std::uint64_t longest = 86'400'000;
        if (!age.is_number_unsigned() || age.get<std::uint64_t>() > longest)
            return std::nullopt;
        out.age = std::chrono::milliseconds(age.get<std::int64_t>());
        if (const auto& candidate = promotion->at("candidate"); !candidate.is_null()) {
            auto endpoint = parse_endpoint(candidate.get<std::string>());
            if (!endpoint)
                return std::nullopt;
            out.candidate = *std::move(endpoint);
        }
    }
    return one;
}

// Two digits a byte, and a blank between two parts: they may be any bytes.
std::string hex_of(const std::vector<std::string>& parts)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const auto& part : parts) {
        if (!out.empty())
            out += ' ';
        for (const char c : part) {
            const auto byte = static_cast<unsigned char>(c);
            out += digits[byte >> 4U];
            out += digits[byte & 0xfU];
        }
    }
    return out;
}

OrderedJson encode_one(const monitor::SavedMaster& one)
{
    OrderedJson json{
        {"name", one.name}, {"address", exact_text(one.address)}, {"epoch", one.high_water}};
    if (one.shut)
        json["shut"] = verdict::name_of(*one.shut);
    if (const auto& promotion = one.promotion)
        json["promotion"] = {
            {"candidate",
             promotion->candidate ? OrderedJson(exact_text(*promotion->candidate)) : OrderedJson()},
            {"sentinel", promotion->sentinel},
            {"age_ms", static_cast<std::uint64_t>(promotion->age.count())}};
    return json;
}

}  // namespace

std::string encode_memory(
    const std::vector<monitor::SavedMaster>& all, const std::vector<std::string>& hidden)
{
    OrderedJson json{{"version", 1}};
    if (!hidden.empty())
        json["hidden"] = hex_of(hidden);
    json["masters"] = OrderedJson::array();
    for (const auto& one : all)
        json["masters"].push_back(encode_one(one));
    return json.dump(2) + "\n";
}

std::vector<std::string> decode_hidden(std::string_view text)
{
    std::vector<std::string> hidden(1);
    const auto json = Json::parse(text, nullptr, false);
    const auto found = json.is_object() ? json.find("hidden") : json.end();
    if (found == json.end() || !found->is_string())
        return {};
    const auto& hex = found->get_ref<const std::string&>();
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        if (hex[i] == ' ') {
            hidden.emplace_back();
            --i;
        } else {
            unsigned byte = 0;
            std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
            hidden.back() += static_cast<char>(byte);
        }
    return hidden;
}

std::optional<std::vector<monitor::SavedMaster>> decode_memory(std::string_view text)
{
    try {
        const auto json = parse(text);
        if (json.at("version") != 1)
            return std::nullopt;
        std::vector<monitor::SavedMaster> all;
        for (const auto& one : json.at("masters")) {
            auto decoded = decode_one(one);
            if (!decoded)
                return std::nullopt;
            all.push_back(*std::move(decoded));
        }
        return all;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

}  // namespace spoa::telemetry
