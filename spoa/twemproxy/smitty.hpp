// The way from Smitty, the agent that kept twemproxy's file on the master, to this one.
#pragma once

#include "config/parsed.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace spoa::twemproxy {

// The file that an agent.yml of Smitty names as nutcracker's; nothing for a text that is none of
// Smitty's.
std::optional<std::string> smitty_target(std::string_view text);

// The configuration of this agent that does what that agent.yml was for, with what there is to
// check as comments. `nutcracker` is the text of the file it names; empty: it could not be read.
config::Parsed<std::string> migrate_smitty(std::string_view text, std::string_view nutcracker);

}  // namespace spoa::twemproxy
