#pragma once

#include "haproxy_api/reply.hpp"
#include "haproxy_api/wish.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace spoa::haproxy_api {

// What has to be done so that a backend is as it should be; server names.
struct Plan {
    std::vector<std::string> ready;             // out of our maintenance
    std::vector<std::string> maint;             // into it
    std::vector<std::string> cut;               // end their sessions: they are in maintenance
    std::optional<std::set<std::string>> mark;  // write it, as it differs

    bool empty() const { return ready.empty() && maint.empty() && cut.empty() && !mark; }
    bool operator==(const Plan&) const = default;
};

// The wish for a server of this backend. One that is not among `wishes` must not be used, so it is
// kept out; but a backend without any that is, is not what the configuration takes it for, and is
// left alone.
Wish wish_for(const std::string& server, const BackendSeen& seen, const Wishes& wishes);

// Maintenance is ours where the mark says so, or `remembered` does (HAProxy can be told to keep
// states across a reload, and keeps no variables); all other is an operator's, and stays. Sessions
// on a server that should be out are ended, whoever put it there.
Plan reconcile(
    const BackendSeen& seen, const Wishes& wishes, const std::set<std::string>& remembered);

}  // namespace spoa::haproxy_api
