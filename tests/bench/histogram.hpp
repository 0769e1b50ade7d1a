#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace spoa::bench {

// Counts of durations in ns, in buckets that are at most 1/128 of their value wide, as
// HdrHistogram has them: recording is a shift and an addition, and no value is too large.
class Histogram {
public:
    void record(std::uint64_t value, std::uint64_t times = 1)
    {
        counts_[bucket_of(value)] += times;
        total_ += times;
        if (value > largest_)
            largest_ = value;
    }

    std::uint64_t total() const { return total_; }
    std::uint64_t largest() const { return largest_; }

    // The smallest value that `fraction` of all do not exceed, to the width of a bucket.
    std::uint64_t quantile(double fraction) const
    {
        const auto wanted =
            static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(total_)));
        std::uint64_t seen = 0;
        for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
            seen += counts_[bucket];
            if (seen >= wanted && seen > 0)
                return top_of(bucket) < largest_ ? top_of(bucket) : largest_;
        }
        return largest_;
    }

private:
    static constexpr unsigned precision = 7;  // bits of a value that are kept
    static constexpr std::uint64_t exact = std::uint64_t{2} << precision;  // below: one each

    static std::size_t bucket_of(std::uint64_t value)
    {
        if (value < exact)
            return value;
        const auto dropped = static_cast<unsigned>(std::bit_width(value)) - (precision + 1);
        return (std::size_t{dropped} << precision) + (value >> dropped);
    }

    static std::uint64_t top_of(std::size_t bucket)
    {
        if (bucket < exact)
            return bucket;
        const auto dropped = (bucket >> precision) - 1;
        return ((bucket - (dropped << precision) + 1) << dropped) - 1;
    }

    std::array<std::uint64_t, (65 - precision) << precision> counts_{};
    std::uint64_t total_ = 0;
    std::uint64_t largest_ = 0;
};

}  // namespace spoa::bench
