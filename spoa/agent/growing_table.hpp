#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <memory>

namespace spoa::agent {

// A table that grows at its end while another thread uses what is there: nothing ever moves. One
// thread grows it; whoever else may use a place learns of it from that thread, by a message that
// orders the two. Chunk n holds 2^n elements.
template <class T>
class GrowingTable {
public:
    explicit GrowingTable(std::size_t size) { grow(size); }

    // To at least `size`.
    void grow(std::size_t size)
    {
        for (; room_ < size; room_ = 2 * room_ + 1)
            chunks_[chunk_of(room_)] = std::make_unique<T[]>(room_ + 1);
        size_ = std::max(size_, size);
    }
    std::size_t size() const { return size_; }  // for the thread that grows it

    T& operator[](std::size_t place)
    {
        const auto chunk = chunk_of(place);
        return chunks_[chunk][place + 1 - (std::size_t{1} << chunk)];
    }
    const T& operator[](std::size_t place) const
    {
        return const_cast<GrowingTable&>(*this)[place];  // NOLINT: the same without const
    }

private:
    static std::size_t chunk_of(std::size_t place)
    {
        return static_cast<std::size_t>(std::bit_width(place + 1)) - 1;
    }

    std::array<std::unique_ptr<T[]>, 32> chunks_;
    std::size_t room_ = 0;  // always 2^n - 1: what the chunks hold
    std::size_t size_ = 0;
};

}  // namespace spoa::agent
