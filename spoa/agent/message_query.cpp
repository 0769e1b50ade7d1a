#include "agent/message_query.hpp"

#include "spop/kv_list.hpp"
#include "spop/notify.hpp"

namespace spoa::agent {
namespace {

void take_argument(Query& query, const spop::KeyValue& argument)
{
    const auto* const text = std::get_if<std::string_view>(&argument.value);
    if (argument.name == "master") {
        query.bad_master = text == nullptr;
        if (text)
            query.master = *text;
    } else if (argument.name == "role") {
        query.role = Role::unknown;
        if (text && *text == "master")
            query.role = Role::master;
        else if (text && *text == "replica")
            query.role = Role::replica;
    }
}

}  // namespace

result<Query> parse_query(ByteView payload)
{
    Query query;
    while (!payload.empty()) {
        const auto message = spop::take_message_header(payload);
        if (!message)
            return message.error();
        const bool ours = message->name == message_name;
        if (ours) {
            query = Query();
            query.asked = true;
        }
        for (unsigned i = 0; i < message->argument_count; ++i) {
            const auto argument = spop::take_key_value(payload);
            if (!argument)
                return argument.error();
            if (ours)
                take_argument(query, *argument);
        }
    }
    return query;
}

}  // namespace spoa::agent
