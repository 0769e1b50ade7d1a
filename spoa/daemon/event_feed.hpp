#pragma once

#include "net/line_stream.hpp"
#include "telemetry/metrics.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spoa::daemon {

inline constexpr std::size_t most_event_readers = 512;

// Who reads /v1/events, and what they are told. Lives on the control thread.
class EventFeed {
public:
    EventFeed(const boost::asio::any_io_executor& executor, telemetry::Metrics& metrics)
        : executor_(executor), metrics_(metrics)
    {}

    // The places of the names that there are now. When one is no longer, the readers' connections
    // are closed: they come back for those that remain.
    void set_names(std::vector<std::size_t> places);

    // Makes the line of a name as it is now.
    std::function<std::string(std::size_t name)> describe;

    // The name is no longer as it was; `tell` those who read, too: at once, or, where that is not
    // `urgent` and too often, with what else changes within a second.
    void changed(std::size_t name, bool tell, bool urgent = true);

    // Tells what was held back; to be called a few times a second.
    void catch_up();

    // One more line about a name.
    void send(std::size_t name, std::string line);

    // A new reader, of one name or of all: he gets the line of each first. nullptr when there are
    // too many readers already.
    std::shared_ptr<net::LineStream> subscribe(std::optional<std::size_t> name);

    std::size_t readers() const;

private:
    struct Reader {
        std::weak_ptr<net::LineStream> lines;  // the session that writes them owns it
        std::optional<std::size_t> name;
    };
    // Made once for all who come within a second.
    struct Current {
        net::LineStream::Line line;
        std::chrono::steady_clock::time_point made_at{};
    };
    // The lines of a name that are not urgent.
    struct Budget {
        std::chrono::steady_clock::time_point window_began;
        std::size_t told = 0;
        bool held = false;
    };

    const net::LineStream::Line& current(std::size_t name);
    void push(std::size_t name, const net::LineStream::Line& line);

    boost::asio::any_io_executor executor_;
    telemetry::Metrics& metrics_;
    std::vector<std::size_t> names_;
    std::map<std::size_t, Current> current_;  // by name
    std::map<std::size_t, Budget> budgets_;   // likewise
    std::chrono::steady_clock::time_point caught_up_at_;
    std::list<Reader> readers_;
};

}  // namespace spoa::daemon
