// Why a conversation by TLS failed, as sentences for an operator: OpenSSL's own tell a
// wrong authority, a wrong name and an old certificate alike as `certificate verify failed`.
#pragma once

#include "base/result.hpp"
#include "net/tls.hpp"

#include <string>

namespace spoa::net {

enum class TlsErrc {
    untrusted = 1,  // signed by no authority that is trusted here, itself included
    expired,
    not_yet_valid,
    wrong_name,            // the certificate is not for the name that was expected
    no_tls,                // the peer answered something else than TLS
    no_answer,             // the handshake was never answered
    cut_off,               // the connection ended in the handshake
    too_old,               // the peer speaks no TLS 1.2
    certificate_demanded,  // of us, and we have none
    certificate_refused,   // ours
    nothing_shared,        // the peer broke off without telling why
};

// The code whose message is the sentence. `name` is the one that was expected of the peer.
error_code make_tls_error(TlsErrc why, const std::string& name);

// What `error` of a handshake on `stream` means.
error_code explain_handshake(TlsStream& stream, const error_code& error, const std::string& name);

// What `error` of a stream after the handshake means: with TLS 1.3 a peer judges our certificate
// only then. An end without notice is an end as any other, as it is with plain TCP.
error_code explain_stream(const error_code& error, const std::string& name);

// Whether only an operator can mend it: a certificate that is refused stays refused, whereas a
// handshake without an answer may be one with a peer that is stopped.
bool needs_operator(const error_code& error) noexcept;

}  // namespace spoa::net
