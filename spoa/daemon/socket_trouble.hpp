#pragma once

#include "telemetry/haproxy_metrics.hpp"

#include <cstddef>
#include <string>

namespace spoa::daemon {

// What is wrong with a socket of a HAProxy, told in log and metrics: one line for each kind of
// trouble, and one when it is over.
class SocketTrouble {
public:
    // `place` is the socket's number in the metrics; `what` it is in words; what goes wrong without
    // it is the `harm`.
    SocketTrouble(
        telemetry::HaproxyMetrics& metrics, std::size_t place, const std::string& address,
        std::string what, std::string harm)
        : metrics_(metrics),
          place_(place),
          who_("haproxy " + address),
          what_(std::move(what)),
          harm_(std::move(harm))
    {}

    // Of the last turn; empty when it went well.
    void note(const std::string& trouble);

    const std::string& now() const { return now_; }
    bool none() const { return now_.empty(); }
    bool was_noted() const { return noted_; }  // a turn is over

private:
    telemetry::HaproxyMetrics& metrics_;
    std::size_t place_;
    std::string who_;
    std::string what_;
    std::string harm_;
    std::string now_ = "not asked yet";
    bool noted_ = false;
};

}  // namespace spoa::daemon
