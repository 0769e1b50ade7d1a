#include "telemetry/memory.hpp"

#include <nlohmann/json.hpp>

namespace spoa::telemetry {

using Json = nlohmann::ordered_json;

std::string encode_memory(const std::vector<Remembered>& all)
{
    Json json{{"version", 1}};
    json["masters"] = Json::array();
    for (const auto& one : all)
        json["masters"].push_back(
            {{"name", one.name}, {"address", to_string(one.address)}, {"epoch", one.high_water}});
    return json.dump(2) + "\n";
}

std::optional<std::vector<Remembered>> decode_memory(std::string_view text)
{
    try {
        const auto json = Json::parse(text);
        if (json.at("version") != 1)
            return std::nullopt;
        std::vector<Remembered> all;
        for (const auto& one : json.at("masters")) {
            auto address = parse_endpoint(one.at("address").get<std::string>());
            if (!address || !one.at("epoch").is_number_unsigned())
                return std::nullopt;
            all.push_back(
                {one.at("name").get<std::string>(),
                 *std::move(address),
                 one.at("epoch").get<std::uint64_t>()});
        }
        return all;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

}  // namespace spoa::telemetry
