#include "base/mask.hpp"

#include <doctest/doctest.h>

using spoa::Mask;

namespace {

Mask mask_of(std::initializer_list<std::string_view> secrets)
{
    Mask mask;
    for (const auto secret : secrets)
        mask.add(secret);
    return mask;
}

}  // namespace

TEST_SUITE("base/mask")
{
    TEST_CASE("a secret and each part of four bytes or more is hidden, in any case")
    {
        const auto mask = mask_of({"S3CRETpass"});
        CHECK(mask.hide("args: 'S3CRETpass'") == "args: '***'");
        CHECK(mask.hide("args: 's3cretPASS'") == "args: '***'");
        CHECK(mask.hide("preS3CRETpasspost") == "pre***post");
        CHECK(mask.hide("S3CR and ETpa") == "*** and ***");
        CHECK(mask.hide("S3C and RET") == "S3C and RET");
        CHECK(mask.hide("WRONGPASS invalid") == "WRONG*** invalid");
        CHECK(mask.hide("") == "");
    }

    TEST_CASE("every part of four bytes is hidden, wherever it was cut")
    {
        const std::string secret = "q?Z7\xff[x\tK2";
        const auto mask = mask_of({secret});
        for (std::size_t at = 0; at < secret.size(); ++at)
            for (std::size_t size = 4; at + size <= secret.size(); ++size) {
                CAPTURE(at);
                CAPTURE(size);
                CHECK(mask.hide("(" + secret.substr(at, size) + ")") == "(***)");
            }
    }

    TEST_CASE("backslashes do not help, whoever has added them")
    {
        const auto mask = mask_of({"a\"b\\cdef"});
        CHECK(mask.hide("x a\"b\\cdef y") == "x *** y");
        CHECK(mask.hide("x a\\\"b\\\\cdef y") == "x *** y");
        CHECK(mask.hide("x a\"bcdef y") == "x *** y");
        CHECK(mask_of({"abcd"}).hide("a\\b\\c\\d") == "***");
    }

    TEST_CASE("a shorter secret is hidden where it is a word")
    {
        const auto mask = mask_of({"k7z", "!"});
        CHECK(mask.hide("k7z, K7Z. 'k7z'") == "***, ***. '***'");
        CHECK(mask.hide("k7zk7z k7z1 ak7z") == "k7zk7z k7z1 ak7z");
        CHECK(mask.hide("a!b") == "a***b");
    }

    TEST_CASE("nothing is hidden without a secret")
    {
        CHECK(Mask().hide("as it is") == "as it is");
        CHECK(mask_of({""}).hide("as it is") == "as it is");
    }

    TEST_CASE("what it knows goes over in parts")
    {
        const auto first = mask_of({"S3CRETpass", "k7z", "x\\y"});
        Mask second;
        for (const auto& part : first.parts())
            second.add(part);
        CHECK(second.parts() == first.parts());
        CHECK(second.hide("S3CRETpass k7z xy S3CR") == "*** *** *** ***");
    }
}
