#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spoa::daemon {

// What started us and wants to hear how we are: systemd, with Type=notify. The protocol is that of
// sd_notify(3), spoken over $NOTIFY_SOCKET; without that variable nothing is told. A message that
// cannot be delivered is dropped: the agent serves with or without somebody who listens.
class ServiceManager {
public:
    // Takes $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID out of the environment, so that no
    // child of ours speaks in our place.
    ServiceManager();

    void ready() const;
    // A reload has begun; ready() ends it.
    void reloading() const;
    void stopping() const;
    // The main process is `pid` from now on, and speaks for the service: nothing more is told.
    void main_process(int pid);
    // What that process needs in its environment to be heard.
    std::vector<std::string> environment() const;
    // One sentence for people, `systemctl status` shows it.
    void status(std::string_view sentence) const;
    void alive() const;

    // When nothing was heard for this long, we are killed and started anew. None: nobody watches.
    std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

private:
    void tell(const std::string& message) const;

    std::string path_;  // as in the variable: '/' or '@' first; empty without a manager
    std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace spoa::daemon
