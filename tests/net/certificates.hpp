// Certificates made for one test, so that none lies in the repository to expire.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace spoa::test {

inline constexpr long one_day = 86'400;

// What a certificate says.
struct Subject {
    std::string common_name;
    std::string alternatives;  // `DNS:a,IP:127.0.0.1`
    bool is_authority = false;
    long begins = -one_day;  // in seconds, from now
    long ends = one_day;
};

class Certificate {
public:
    // Signed by `issuer`, or by itself.
    explicit Certificate(const Subject& subject, const Certificate* issuer = nullptr)
        : key_(make_key()), x509_(X509_new())
    {
        auto* const x509 = x509_.get();
        static long serial = 0;
        ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
        X509_set_version(x509, 2);
        X509_gmtime_adj(X509_getm_notBefore(x509), subject.begins);
        X509_gmtime_adj(X509_getm_notAfter(x509), subject.ends);
        X509_set_pubkey(x509, key_.get());
        const auto* const name = subject.common_name.c_str();
        X509_NAME_add_entry_by_NID(
            X509_get_subject_name(x509),
            NID_commonName,
            MBSTRING_ASC,
            reinterpret_cast<const unsigned char*>(name),
            -1,
            -1,
            0);
        const auto& signer = issuer ? *issuer : *this;
        X509_set_issuer_name(x509, X509_get_subject_name(signer.x509_.get()));
        if (subject.is_authority)
            add_extension(NID_basic_constraints, "critical,CA:TRUE");
        if (!subject.alternatives.empty())
            add_extension(NID_subject_alt_name, subject.alternatives);
        require(X509_sign(x509, signer.key_.get(), nullptr) > 0);  // Ed25519 has its own digest
    }

    X509* x509() const { return x509_.get(); }
    EVP_PKEY* key() const { return key_.get(); }

    std::string write_certificate(const std::filesystem::path& file) const
    {
        const File out(std::fopen(file.c_str(), "w"));
        require(out && PEM_write_X509(out.get(), x509()) == 1);
        return file.string();
    }
    // Encrypted when there is a `password`.
    std::string write_key(const std::filesystem::path& file, const char* password = nullptr) const
    {
        const File out(std::fopen(file.c_str(), "w"));
        const auto* const cipher = password ? EVP_aes_128_cbc() : nullptr;
        require(
            out &&
            PEM_write_PKCS8PrivateKey(
                out.get(), key(), cipher, password, password ? 1 : 0, nullptr, nullptr) == 1);
        return file.string();
    }

private:
    template <auto free>
    struct Free {
        template <class T>
        void operator()(T* p) const
        {
            free(p);
        }
    };
    using Key = std::unique_ptr<EVP_PKEY, Free<&EVP_PKEY_free>>;
    using File = std::unique_ptr<std::FILE, Free<&std::fclose>>;

    static void require(bool good)
    {
        if (!good)
            throw std::runtime_error("OpenSSL refuses to make a certificate");
    }

    static Key make_key()
    {
        const std::unique_ptr<EVP_PKEY_CTX, Free<&EVP_PKEY_CTX_free>> maker(
            EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nullptr));
        EVP_PKEY* key = nullptr;
        require(EVP_PKEY_keygen_init(maker.get()) == 1 && EVP_PKEY_keygen(maker.get(), &key) == 1);
        return Key(key);
    }

    void add_extension(int id, const std::string& text)
    {
        const std::unique_ptr<X509_EXTENSION, Free<&X509_EXTENSION_free>> extension(
            X509V3_EXT_conf_nid(nullptr, nullptr, id, text.c_str()));
        require(extension && X509_add_ext(x509(), extension.get(), -1) == 1);
    }

    Key key_;
    std::unique_ptr<X509, Free<&X509_free>> x509_;
};

}  // namespace spoa::test
