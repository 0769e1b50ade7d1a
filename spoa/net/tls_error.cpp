#include "net/tls_error.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/system/error_category.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <map>
#include <mutex>
#include <optional>

namespace asio = boost::asio;

namespace spoa::net {
namespace {

// From here on a value is a verification result of OpenSSL that has no sentence of ours.
constexpr int first_verify_result = 1'000;

class Category final : public boost::system::error_category {
public:
    explicit Category(std::string name) : name_(std::move(name)) {}

    const char* name() const noexcept override { return "tls"; }

    std::string message(int value) const override
    {
        if (value >= first_verify_result)
            return "its certificate is not valid here: " +
                   std::string(X509_verify_cert_error_string(value - first_verify_result));
        switch (static_cast<TlsErrc>(value)) {
            case TlsErrc::untrusted:
                return "its certificate is not signed by an authority that is trusted here; check "
                       "tls.ca_file";
            case TlsErrc::expired: return "its certificate has expired";
            case TlsErrc::not_yet_valid:
                return "its certificate is not valid yet; compare the clocks";
            case TlsErrc::wrong_name:
                return "its certificate is not for " + name_ +
                       "; set tls.server_name to a name that it has";
            case TlsErrc::no_tls: return "it speaks no TLS on this port";
            case TlsErrc::no_answer:
                return "it does not answer the TLS handshake; does it speak TLS on this port?";
            case TlsErrc::cut_off:
                return "it ended the connection in the TLS handshake; does it speak TLS on this "
                       "port?";
            case TlsErrc::too_old: return "it speaks no TLS 1.2 or later";
            case TlsErrc::certificate_demanded:
                return "it demands a TLS certificate of the agent; set tls.cert_file and "
                       "tls.key_file";
            case TlsErrc::certificate_refused:
                return "it refuses the agent's TLS certificate; check tls.cert_file";
            case TlsErrc::nothing_shared:
                return "it broke off the TLS handshake: it may demand a certificate "
                       "(tls.cert_file), or shares no cipher with the agent";
        }
        return "unknown TLS error";
    }

private:
    std::string name_;
};

// An error_code has room for a number and its category. So each expected name has a category of
// its own, kept for ever: as many names come as are configured.
const Category& category_of(const std::string& name)
{
    static std::mutex mutex;
    static std::map<std::string, Category> categories;
    const std::lock_guard lock(mutex);
    return categories.try_emplace(name, name).first->second;
}

error_code verification_error(long result, const std::string& name)
{
    switch (result) {
        case X509_V_ERR_CERT_HAS_EXPIRED: return make_tls_error(TlsErrc::expired, name);
        case X509_V_ERR_CERT_NOT_YET_VALID: return make_tls_error(TlsErrc::not_yet_valid, name);
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH: return make_tls_error(TlsErrc::wrong_name, name);
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        case X509_V_ERR_CERT_UNTRUSTED: return make_tls_error(TlsErrc::untrusted, name);
        default: return {first_verify_result + static_cast<int>(result), category_of(name)};
    }
}

// What the peer's alerts, and answers that are no TLS, mean at any time.
std::optional<TlsErrc> meaning_of(int reason)
{
    switch (reason) {
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
        case SSL_R_UNKNOWN_PROTOCOL:
        case SSL_R_PACKET_LENGTH_TOO_LONG: return TlsErrc::no_tls;
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION: return TlsErrc::too_old;
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return TlsErrc::certificate_demanded;
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
        case SSL_R_TLSV1_ALERT_DECRYPT_ERROR: return TlsErrc::certificate_refused;
        case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE: return TlsErrc::nothing_shared;
        default: return std::nullopt;
    }
}

// OpenSSL's reason for `error`; 0 when it is none of OpenSSL's.
int reason_of(const error_code& error)
{
    if (error.category() != asio::error::get_ssl_category())
        return 0;
    return ERR_GET_REASON(static_cast<unsigned long>(error.value()));
}

}  // namespace

error_code make_tls_error(TlsErrc why, const std::string& name)
{
    return {static_cast<int>(why), category_of(name)};
}

bool needs_operator(const error_code& error) noexcept
{
    return dynamic_cast<const Category*>(&error.category()) &&
           error.value() != static_cast<int>(TlsErrc::no_answer) &&
           error.value() != static_cast<int>(TlsErrc::cut_off);
}

error_code explain_handshake(TlsStream& stream, const error_code& error, const std::string& name)
{
    // Not by the reason: a wrong signature comes with one of the deeper layers of OpenSSL.
    auto* const handle = stream.native_handle();
    const auto verified = SSL_get_verify_result(handle);
    if (verified != X509_V_OK && SSL_get_verify_mode(handle) != SSL_VERIFY_NONE)
        return verification_error(verified, name);
    if (error == asio::ssl::error::stream_truncated || error == asio::error::eof ||
        error == asio::error::connection_reset || error == asio::error::broken_pipe)
        return make_tls_error(TlsErrc::cut_off, name);
    return explain_stream(error, name);
}

error_code explain_stream(const error_code& error, const std::string& name)
{
    if (error == asio::ssl::error::stream_truncated)
        return asio::error::eof;
    if (const auto why = meaning_of(reason_of(error)))
        return make_tls_error(*why, name);
    return error;
}

}  // namespace spoa::net
