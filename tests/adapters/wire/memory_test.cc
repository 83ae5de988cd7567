// What a message may make the decoder keep is bounded by the limits, not by the sender.

#include <gmock/gmock.h>
#include <malloc.h>

#include "tests/adapters/wire/decoding.h"

namespace rollbook::adapters::tests {
namespace {

std::size_t in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

class MemoryTest : public Decoding {
 protected:
  // A hundred thousand label sets in one message of lines.
  static std::string message(int round) {
    std::string lines;
    for (int i = 0; i < 100'000; ++i) {
      lines += "m,id=" + std::to_string(round * 100'000 + i) + " v=1 7\n";
    }
    return lines;
  }
};

TEST_F(MemoryTest, AMessageOfAHundredThousandLabelSetsGrowsNothingPastTheLimits) {
  const std::string lines = message(0);
  ASSERT_LT(lines.size(), core::kMessageBytes);
  decoder = MetricDecoder(DecoderLimits{.series = 1000});
  decode(lines);
  EXPECT_EQ(batch.new_series.size(), 1000U);
  EXPECT_EQ(batch.points.size(), 1000U);
  EXPECT_EQ(letters.size(), 16U);
  EXPECT_THAT(letters.back().reason,
              testing::HasSubstr("more than 1000 series (and 98984 more lines of this message)"));
  // Nor do the next ones, once the buffer for a message has their size.
  decode(message(1));
  batch = {};
  letters.clear();
  const std::string another = message(2);
  const std::size_t before = in_use();
  decode(another);
  letters.clear();
  batch = {};
  EXPECT_LT(in_use(), before + (256 << 10));
  // Those known go on.
  decode("m,id=7 v=2 8");
  EXPECT_EQ(batch.points.size(), 1U);
}

TEST_F(MemoryTest, NamesAndLabelsAreBoundedByBytesToo) {
  decoder = MetricDecoder(DecoderLimits{.series_bytes = 10'000});
  for (int i = 0; i < 10; ++i) {
    decode("m,id=" + std::string(4000, static_cast<char>('a' + i)) + " v=1 7");
  }
  EXPECT_EQ(batch.new_series.size(), 2U);
  ASSERT_EQ(letters.size(), 8U);
  EXPECT_THAT(letters[0].reason, testing::HasSubstr("the names and labels of all series have"));
}

// A sender who spells a series otherwise each time finds it again, and fills nothing.
TEST_F(MemoryTest, SpellingsOfASeriesAreForgottenBeforeTheyFillMemory) {
  decoder = MetricDecoder(DecoderLimits{.series = 10, .series_bytes = 100'000});
  const auto spell = [&](int blanks) {
    decode(R"({"metric":"m","labels":{)" + std::string(static_cast<std::size_t>(blanks), ' ') +
           R"("a":"1"},"kind":"gauge","value":1})");
  };
  for (int i = 0; i < 50; ++i) spell(i);
  const std::size_t before = in_use();
  for (int i = 50; i < 2000; ++i) {
    spell(i);
    batch.points.clear();
  }
  EXPECT_EQ(batch.new_series.size(), 1U);
  EXPECT_THAT(letters, testing::IsEmpty());
  EXPECT_LT(in_use(), before + (512 << 10));
}

}  // namespace
}  // namespace rollbook::adapters::tests
