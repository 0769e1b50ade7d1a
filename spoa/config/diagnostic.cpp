#include "config/diagnostic.hpp"

namespace spoa::config {

std::string to_string(const Diagnostic& diagnostic, const std::filesystem::path& file)
{
    std::string out = file.string();
    if (diagnostic.line > 0)
        out += ':' + std::to_string(diagnostic.line) + ':' + std::to_string(diagnostic.column);
    switch (diagnostic.severity) {
        case Severity::note: out += ": note: "; break;
        case Severity::warning: out += ": warning: "; break;
        case Severity::error: out += ": error: "; break;
    }
    return out + diagnostic.text;
}

}  // namespace spoa::config
