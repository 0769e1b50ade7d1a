#pragma once

namespace spoa {

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { text, json };

}  // namespace spoa
