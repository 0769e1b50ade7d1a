#include "net/tls.hpp"

#include "base/endpoint.hpp"

#include <boost/asio/ssl/error.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <stdexcept>
#include <utility>

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;

namespace spoa::net {
namespace {

// OpenSSL would ask for the password of an encrypted key on the terminal.
int refuse_password(char*, int, int, void*)
{
    return -1;
}

void trust_authorities(ssl::context& context, const std::string& ca_file)
{
    error_code error;
    if (ca_file.empty()) {
        context.set_default_verify_paths(error);
        if (error)
            throw std::runtime_error(
                "the system's TLS authorities cannot be loaded: " + error.message());
        return;
    }
    context.load_verify_file(ca_file, error);
    if (error)
        throw std::runtime_error(
            "the TLS authorities in " + ca_file + " cannot be loaded: " + error.message());
}

void take_certificate(
    ssl::context& context, const std::string& cert_file, const std::string& key_file)
{
    if (cert_file.empty() && key_file.empty())
        return;
    error_code error;
    context.use_certificate_chain_file(cert_file, error);
    if (error)
        throw std::runtime_error(
            "the TLS certificate in " + cert_file + " cannot be loaded: " + error.message());
    SSL_CTX_set_default_passwd_cb(context.native_handle(), refuse_password);
    context.use_private_key_file(key_file, ssl::context::pem, error);
    if (!error && SSL_CTX_check_private_key(context.native_handle()) == 1)
        return;
    const auto value = static_cast<unsigned long>(error.value());
    if (!error || (error.category() == asio::error::get_ssl_category() &&
                   ERR_GET_REASON(value) == X509_R_KEY_VALUES_MISMATCH))
        throw std::runtime_error(
            "the TLS key in " + key_file + " does not fit the certificate in " + cert_file);
    throw std::runtime_error(
        "the TLS key in " + key_file +
        " cannot be loaded (an encrypted one is not supported): " + error.message());
}

}  // namespace

TlsClient::TlsClient(TlsSettings settings)
    : settings_(std::move(settings)), context_(ssl::context::tls_client)
{
    SSL_CTX_set_min_proto_version(context_.native_handle(), TLS1_2_VERSION);
    context_.set_verify_mode(settings_.verify ? ssl::verify_peer : ssl::verify_none);
    if (settings_.verify)
        trust_authorities(context_, settings_.ca_file);
    take_certificate(context_, settings_.cert_file, settings_.key_file);
}

std::unique_ptr<TlsStream> TlsClient::make_stream(
    asio::ip::tcp::socket& socket, const std::string& host) const
{
    auto stream = std::make_unique<TlsStream>(socket, context_);
    const auto& name = name_of(host);
    auto* const handle = stream->native_handle();
    if (ip_version(name) != IpVersion::none) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(handle), name.c_str());
    } else {
        // SSL_set_tlsext_host_name() is a macro with a cast that we would be warned of.
        SSL_ctrl(
            handle,
            SSL_CTRL_SET_TLSEXT_HOSTNAME,
            TLSEXT_NAMETYPE_host_name,
            const_cast<char*>(name.c_str()));
        SSL_set_hostflags(handle, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        SSL_set1_host(handle, name.c_str());
    }
    return stream;
}

}  // namespace spoa::net
