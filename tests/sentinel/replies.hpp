// Replies of a Sentinel as they are on the wire, and as values.
#pragma once

#include "resp/values.hpp"

#include <initializer_list>
#include <string>
#include <utility>

namespace spoa::test {

using Field = std::pair<std::string, std::string>;

// GET-MASTER-ADDR-BY-NAME
inline resp::Value address_reply(const std::string& ip, const std::string& port)
{
    return array({bulk(ip), bulk(port)});
}

// MASTER: the given fields in the given order.
inline resp::Value fields_reply(std::initializer_list<Field> fields)
{
    resp::Array flat;
    for (const auto& [name, value] : fields) {
        flat.push_back(bulk(name));
        flat.push_back(bulk(value));
    }
    return array(std::move(flat));
}

// MASTER: the fields that matter among a few that do not.
inline resp::Value master_reply(
    const std::string& ip, const std::string& port, const std::string& epoch,
    const std::string& flags = "master")
{
    return fields_reply(
        {{"name", "mymaster"},
         {"ip", ip},
         {"port", port},
         {"runid", std::string(40, 'a')},
         {"flags", flags},
         {"num-slaves", "2"},
         {"config-epoch", epoch},
         {"quorum", "2"}});
}

}  // namespace spoa::test
