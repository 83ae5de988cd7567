#include "store/hash.h"

#include <gtest/gtest.h>

namespace rollbook::store {
namespace {

// FIPS 180-4's own examples.
TEST(Sha256, agrees_with_the_standard) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, of_two_parts_is_that_of_the_whole_again_and_again) {
  Sha256 sha;
  EXPECT_EQ(sha.of("a", "bc"), sha.of("abc"));
  EXPECT_EQ(sha.of("", "abc"), sha.of("abc", ""));
}

TEST(Hex, goes_both_ways_and_refuses_what_is_no_digest) {
  Hash hash;
  const std::string digest = sha256_hex("x");
  ASSERT_TRUE(from_hex(digest, hash));
  EXPECT_EQ(to_hex(as_bytes(hash)), digest);
  EXPECT_FALSE(from_hex(digest.substr(1), hash));
  EXPECT_FALSE(from_hex("", hash));
  EXPECT_FALSE(from_hex("X" + digest.substr(1), hash));
  EXPECT_FALSE(from_hex(std::string(64, 'A'), hash));
}

}  // namespace
}  // namespace rollbook::store
