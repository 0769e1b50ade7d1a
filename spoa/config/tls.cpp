#include "config/tls.hpp"

#include "config/file.hpp"
#include "config/quoted.hpp"

#include <array>
#include <string>
#include <string_view>

namespace spoa::config {
namespace {

constexpr std::size_t largest_pem = 4'194'304;

// The path of a file that could be read; empty after an error.
std::string read_path(const Value& value, const Origin& origin, bool is_secret, Report& report)
{
    const auto name = read_text(value, report);
    if (!name)
        return {};
    if (name->empty()) {
        report.error(value.place(), value.name + ": the file name is empty");
        return {};
    }
    auto path = is_secret ? place_of_secret(origin.folder / *name) : origin.folder / *name;
    const auto file = read_file(path, largest_pem);
    if (!file) {
        report.error(
            value.place(),
            value.name + ": cannot read " + in_quotes(*name) + ": " + file.error().message());
        return {};
    }
    if (is_secret && file->world_readable)
        report.warning(
            value.place(),
            value.name + ": every user can read " + in_quotes(*name) + "; chmod 640 it");
    return path.string();
}

std::string read_server_name(const Value& value, Report& report)
{
    constexpr std::size_t longest_name = 253;
    constexpr std::string_view name_characters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    const auto name = read_text(value, report);
    if (!name)
        return {};
    const bool is_name = !name->empty() && name->size() <= longest_name &&
                         name->find_first_not_of(name_characters) == std::string::npos;
    if (!is_name && ip_version(*name) == IpVersion::none)
        report.error(
            value.place(),
            value.name + ": " + in_quotes(*name) +
                " is no host name; write the name in the certificate, without a port");
    return *name;
}

void read_verify(const Value& value, bool& verify, Report& report)
{
    constexpr std::array<std::string_view, 2> words{"true", "false"};
    if (const auto choice = read_choice(value, words, report))
        verify = *choice == 0;
    if (!verify)
        report.warning(
            value.place(),
            value.name +
                ": with false the peer may be anyone who holds the line: passwords and answers "
                "are not safe from him");
}

}  // namespace

Tls read_tls(const Section& parent, const Origin& origin, Report& report)
{
    Tls out;
    if (!parent.find("tls"))
        return out;
    const auto section =
        parent.section("tls", {"ca_file", "cert_file", "key_file", "server_name", "verify"});
    out.enabled = true;

    const auto cert = section.find("cert_file");
    const auto key = section.find("key_file");
    if (const auto value = section.find("ca_file"))
        out.ca_file = read_path(*value, origin, false, report);
    if (cert)
        out.cert_file = read_path(*cert, origin, false, report);
    if (key)
        out.key_file = read_path(*key, origin, true, report);
    if (cert && !key)
        report.error(cert->place(), cert->name + ": a certificate needs its key; add key_file");
    if (key && !cert)
        report.error(key->place(), key->name + ": a key needs its certificate; add cert_file");
    if (const auto value = section.find("server_name"))
        out.server_name = read_server_name(*value, report);
    if (const auto value = section.find("verify"))
        read_verify(*value, out.verify, report);
    return out;
}

}  // namespace spoa::config
