#include "adapters/wire/shortened.h"

#include <gtest/gtest.h>

namespace rollbook::adapters {
namespace {

std::string message(const std::string& data) { return R"({"id":"r1/2/ab","data":)" + data + "}"; }

TEST(Shortened, CutsTextsAtAnyDepthBetweenTwoCharacters) {
  std::string text = "x";
  while (text.size() < 3000) text += "ü";
  const std::string whole = message(R"({"a":{"b":[")" + text + R"("]},"short":"kept"})");
  EXPECT_EQ(shortened(whole), message(R"({"a":{"b":[")" + text.substr(0, 999) +
                                      R"x(… (3001 bytes)"]},"short":"kept","shortened":)x" +
                                      std::to_string(whole.size()) + "}"));
}

TEST(Shortened, CutsListsToTheirBeginning) {
  std::string many = "0";
  for (int i = 1; i < 1000; ++i) many += "," + std::to_string(i);
  const std::string whole = message(R"({"samples":[)" + many + "]}");
  EXPECT_EQ(shortened(whole),
            message(R"({"samples":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19],)"
                    R"("shortened":)" +
                    std::to_string(whole.size()) + "}"));
}

TEST(Shortened, LeavesWhatIsActedUponWhole) {
  const std::string text(3000, 'a');
  EXPECT_EQ(shortened(message(R"({"arguments":{"a":")" + text + R"("},"params":{"b":")" + text +
                              R"("}})")),
            std::nullopt);
}

TEST(Shortened, IsNothingWhereThereIsNothingToCut) {
  EXPECT_EQ(shortened(message(R"({"text":"short"})")), std::nullopt);
  for (const char* other : {"", "{", "[1]", "{}", R"({"data":"a text"})", "no JSON"}) {
    EXPECT_EQ(shortened(other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace rollbook::adapters
