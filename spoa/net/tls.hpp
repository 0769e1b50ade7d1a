#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <memory>
#include <string>

namespace spoa::net {

struct TlsSettings {
    std::string ca_file;    // PEM; empty: the system's authorities
    std::string cert_file;  // PEM, our own certificate and its chain: both or none
    std::string key_file;
    std::string server_name;  // what the certificate must say; empty: the host connected to
    bool verify = true;
};

using TlsStream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>;

// Our side of TLS, 1.2 or later, to peers of one kind. The files are read once, at construction.
class TlsClient {
public:
    // Throws std::runtime_error with one sentence that names the file at fault.
    explicit TlsClient(TlsSettings settings);

    // A stream over `socket`, which is connected to `host`, ready for the handshake. Both the
    // client and the socket must outlive it.
    std::unique_ptr<TlsStream> make_stream(
        boost::asio::ip::tcp::socket& socket, const std::string& host) const;

    // The name or IP address that a certificate must have.
    const std::string& name_of(const std::string& host) const
    {
        return settings_.server_name.empty() ? host : settings_.server_name;
    }

private:
    TlsSettings settings_;
    mutable boost::asio::ssl::context context_;  // a stream wants it without const
};

}  // namespace spoa::net
