#pragma once

#include <span>
#include <string>
#include <string_view>

namespace spoa::telemetry {

// The status page is made of the same JSON as everybody gets. The program draws all of it; the
// script in it only fetches the part below the heading anew and puts the differences into place.
//
// What `masters_json` and each of `details` is, /v1/masters and /v1/masters/NAME answer. Both throw
// nlohmann::json's exceptions when they are something else.

// The part that changes, as a <main> element.
std::string status_part(std::string_view masters_json, std::span<const std::string> details);

// A whole page around such a part. `nonce` allows its style and its script, nothing else.
std::string status_page(std::string_view part, std::string_view nonce);

// The Content-Security-Policy that goes with the page.
std::string page_policy(std::string_view nonce);

// Fit for one page: 128 random bits as hexadecimal digits.
std::string random_nonce();

}  // namespace spoa::telemetry
