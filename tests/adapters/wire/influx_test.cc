// The shapes are those of Telegraf's documentation (data formats, output: influx) and of InfluxDB's
// description of its line protocol.

#include <gmock/gmock.h>

#include "tests/adapters/wire/decoding.h"

namespace rollbook::adapters::tests {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using InfluxTest = Decoding;

TEST_F(InfluxTest, ReadsWhatTelegrafWritesOfAProcessor) {
  decode(
      "cpu,cpu=cpu0,host=web-1 usage_idle=98.2,usage_user=1.5 1767607200000000000\n"
      "disk,host=web-1,path=/ free=123456789i,used_percent=71.25,label=\"a b, c=d\" "
      "1767607200000000000\n");
  EXPECT_THAT(letters, IsEmpty());
  EXPECT_THAT(
      all(),
      ElementsAre("cpu_usage_idle{cpu=cpu0,host=web-1} (-, 1767607200000000000] untyped 98.2",
                  "cpu_usage_user{cpu=cpu0,host=web-1} (-, 1767607200000000000] untyped 1.5",
                  "disk_free{host=web-1,path=/} (-, 1767607200000000000] untyped 123456789",
                  "disk_used_percent{host=web-1,path=/} (-, 1767607200000000000] untyped 71.25"));
}

TEST_F(InfluxTest, ReadsEveryTypeOfValueAndNoTime) {
  decode("m a=1,b=-2.5e-3,c=3i,d=4u,e=t,f=FALSE,g=\"x\",h=+6", MetricFormat::influx);
  EXPECT_THAT(letters, IsEmpty());
  const std::string end = " (-, 1767607207000000000] untyped ";
  EXPECT_THAT(all(), ElementsAre("m_a{}" + end + "1", "m_b{}" + end + "-0.0025",
                                 "m_c{}" + end + "3", "m_d{}" + end + "4", "m_e{}" + end + "1",
                                 "m_f{}" + end + "0", "m_h{}" + end + "6"));
}

TEST_F(InfluxTest, BackslashesTakeTheMeaningOfWhatFollows) {
  decode(R"(my\ m\,x,ta\=g=a\ b\,c fi\ eld=1,t="say \"hi, there\" " 7)");
  EXPECT_THAT(letters, IsEmpty());
  EXPECT_THAT(all(), ElementsAre("my m,x_fi eld{ta=g=a b,c} (-, 7] untyped 1"));
}

TEST_F(InfluxTest, CommentsAndEmptyLinesAreNothing) {
  decode("# a comment\n\nm v=1 7\n", MetricFormat::influx);
  EXPECT_THAT(letters, IsEmpty());
  EXPECT_EQ(batch.points.size(), 1U);
}

TEST_F(InfluxTest, ALineThatCannotBeReadSaysWhere) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"m", "line 1, column 2: the line has no fields"},
      {",a=b v=1", "line 1, column 1: the line begins without a measurement"},
      {"m v", "line 1, column 3: expected a field, `name=value`"},
      {"m =1", "line 1, column 3: expected a field, `name=value`"},
      {"m v=1,", "line 1, column 7: expected a field, `name=value`"},
      {"m v=", "line 1, column 5: a field has no value"},
      {"m v=1x", "line 1, column 5: `1x` is no number up to 1000000000000000"},
      {"m v=1.5i", "line 1, column 5: `1.5i` is no number up to 1000000000000000"},
      {"m v=NaN", "line 1, column 5: `NaN` is no number up to 1000000000000000"},
      {"m v=9e99", "line 1, column 5: `9e99` is no number up to 1000000000000000"},
      {"m v=\"x", "line 1, column 5: a text does not end with its quote"},
      {"m v=1 soon", "line 1, column 7: `soon` is no time in nanoseconds since 1970"},
      {"m v=1 -7", "line 1, column 7: `-7` is no time in nanoseconds since 1970"},
      {"m,a v=1", "line 1, column 3: expected a tag, `name=value`"},
      {"m,a=1,a=2 v=1", "line 1, column 1: label `a` is given twice"},
      {"m,a=\xff v=1", "line 1, column 3: a tag is no UTF-8"},
  };
  for (const auto& [line, expected] : table) {
    EXPECT_EQ(reason(line, MetricFormat::influx), expected) << line;
  }
}

TEST_F(InfluxTest, ABadLineTakesNoOtherWithIt) {
  decode("m v=1 7\nm v=x 8\nm v=2 9\n");
  EXPECT_EQ(batch.points.size(), 2U);
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].reason, "line 2, column 5: `x` is no number up to 1000000000000000");
}

}  // namespace
}  // namespace rollbook::adapters::tests
