#include "agent/growing_table.hpp"

#include <doctest/doctest.h>

#include <vector>

using spoa::agent::GrowingTable;

TEST_SUITE("growing table")
{
    TEST_CASE("what is in it stays where it is while it grows")
    {
        GrowingTable<int> table(1);
        table[0] = 7;
        std::vector<const int*> places;
        for (std::size_t size = 1; size <= 100; ++size) {
            table.grow(size);
            table[size - 1] = static_cast<int>(size);
            places.push_back(&table[size - 1]);
        }
        for (std::size_t place = 0; place < places.size(); ++place) {
            CHECK(table[place] == static_cast<int>(place) + 1);
            CHECK(&table[place] == places[place]);
        }
        CHECK(table.size() == 100);
    }

    TEST_CASE("it never shrinks")
    {
        GrowingTable<int> table(5);
        table.grow(2);
        CHECK(table.size() == 5);
        CHECK(table[4] == 0);
    }
}
