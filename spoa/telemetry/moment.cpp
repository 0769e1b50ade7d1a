#include "telemetry/moment.hpp"

#include <array>
#include <ctime>

namespace spoa::telemetry {

// Whoever is put off the CPU between the clocks reads them anew, a few times.
Moment Moment::now()
{
    using namespace std::chrono_literals;
    Moment moment;
    for (int attempt = 0; attempt < 5; ++attempt) {
        moment = {std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
        if (std::chrono::steady_clock::now() - moment.steady < 100us)
            break;
    }
    return moment;
}

std::string utc_text(std::chrono::system_clock::time_point time)
{
    const auto since_epoch =
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
    const auto whole = static_cast<std::time_t>(since_epoch / 1000);
    std::tm parts{};
    gmtime_r(&whole, &parts);
    std::array<char, 40> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    auto fraction = std::to_string(1000 + since_epoch % 1000);
    fraction[0] = '.';
    return std::string(text.data(), size) + fraction + "Z";
}

}  // namespace spoa::telemetry
