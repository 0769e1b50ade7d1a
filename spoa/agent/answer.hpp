// The variables that HAProxy gets, session scope, named `PREFIX.…` over there:
//
//   state      string   always
//   server     string   only when traffic may go there; HAProxy's name of the master
//   ip, port   typed    only when traffic may go there and the master is known by its IP
//   epoch, votes, sentinels   integers, where known
//   reason     string   when there is no server
//
// What is not given is unset, so that nothing of an earlier answer survives in the session.
#pragma once

#include "base/bytes.hpp"
#include "verdict/verdict.hpp"

#include <string_view>

namespace spoa::agent {

// The LIST-OF-ACTIONS of an ACK for this verdict; never empty.
Bytes encode_answer(const verdict::Verdict& verdict);

// The answer to a question that cannot be answered, and why.
Bytes encode_refusal(std::string_view reason, verdict::State state = verdict::State::unknown_name);

}  // namespace spoa::agent
