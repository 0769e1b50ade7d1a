// A HAProxy in memory, as far as its runtime API goes: it does what it is told, and answers with
// the tables that HAProxy answers with.
#pragma once

#include "fuzz/scripted_redis.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace spoa::fuzz {

class ScriptedHaproxy {
public:
    struct Server {
        unsigned admin = 0;    // srv_admin_state
        unsigned running = 2;  // srv_op_state
        unsigned weight = 1;
        unsigned at = 0;  // the node that it leads to; 0: no address; 5: another port of its own
        std::uint64_t sessions = 0;
    };

    // All replies to one line.
    std::string answer(std::string_view line)
    {
        std::string out;
        while (!line.empty()) {
            const auto end = std::min(line.find_first_of(";\n"), line.size());
            out += obey(line.substr(0, end)) + "\n";
            line.remove_prefix(std::min(end + 1, line.size()));
        }
        return out;
    }

    void forget_marks() { marks_.clear(); }

    std::array<Server, 4> servers{
        {{}, {.at = 1}, {.at = 2}, {.at = 3}}};  // from 1; of each backend
    std::string instead;                         // its next answer

private:
    std::string obey(std::string_view command)
    {
        const auto rest_of = [&](std::string_view start) { return command.substr(start.size()); };
        if (command.starts_with("show stat "))
            return sessions();
        if (command.starts_with("show servers state "))
            return states(rest_of("show servers state "));
        if (command.starts_with("get var ")) {
            const auto mark = marks_.find(rest_of("get var "));
            return mark == marks_.end() ? "Variable not found.\n"
                                        : mark->first + ": type=str value=<" + mark->second + ">\n";
        }
        if (command.starts_with("set var ")) {
            const auto rest = rest_of("set var ");
            const auto end = rest.find(" expr str(");
            marks_[std::string(rest.substr(0, end))] =
                rest.substr(end + 10, rest.size() - end - 11);
        }
        for (unsigned i = 1; i < servers.size(); ++i) {
            const auto name = "/R" + std::to_string(i);
            if (command.ends_with(name + " state maint"))
                servers.at(i).admin |= 1U;
            else if (command.ends_with(name + " state ready"))
                servers.at(i).admin &= ~0x9U;
            else if (command.starts_with("shutdown sessions ") && command.ends_with(name))
                servers.at(i).sessions = 0;
        }
        return {};
    }

    std::string sessions() const
    {
        std::string out = "# pxname,svname,qcur,scur\n";
        for (const std::string_view backend : {"redis_nodes", "redis_reads"})
            for (unsigned i = 1; i < servers.size(); ++i)
                out += std::string(backend) + ",R" + std::to_string(i) + ",0," +
                       std::to_string(servers.at(i).sessions) + "\n";
        return out;
    }

    std::string states(std::string_view backend) const
    {
        std::string out =
            "1\n# be_id be_name srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
            "srv_iweight srv_port\n";
        for (unsigned i = 1; i < servers.size(); ++i) {
            const auto& each = servers.at(i);
            out += "2 " + std::string(backend) + " R" + std::to_string(i) + ' ' +
                   (each.at == 0 ? "-" : endpoint_of(each.at == 5 ? i : each.at).host) + ' ' +
                   std::to_string(each.running) + ' ' + std::to_string(each.admin) + ' ' +
                   std::to_string(each.weight) + " 1 " + (each.at == 5 ? "6380" : "6379") + "\n";
        }
        return out;
    }

    std::map<std::string, std::string, std::less<>> marks_;
};

}  // namespace spoa::fuzz
