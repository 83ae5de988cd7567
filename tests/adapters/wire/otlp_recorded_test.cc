// What an OpenTelemetry Collector wrote to Kafka (otlp/README.md) decodes, from both encodings, to
// the points that otlp/list_points.py lists with nothing of ours.

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "tests/adapters/wire/decoding.h"
#include "tests/paths.h"

namespace rollbook::adapters::tests {
namespace {

std::string read(const std::string& name) {
  std::ifstream stream(ROLLBOOK_SOURCE_DIR "/tests/adapters/wire/otlp/" + name, std::ios::binary);
  EXPECT_TRUE(stream) << name;
  return std::string((std::istreambuf_iterator<char>(stream)), {});
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

constexpr int kMessages = 15;

std::string two_digits(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

class OtlpRecordedTest : public Decoding {
 protected:
  std::string protobuf(int number) { return read("message-" + two_digits(number) + ".binpb"); }
  // The listed points, each after the number of its message.
  std::vector<std::string> numbered() const {
    std::vector<std::string> lines = all();
    for (std::size_t i = 0; i < lines.size(); ++i) {
      lines[i] = two_digits(static_cast<int>(batch.points[i].offset - 81)) + " " + lines[i];
    }
    return lines;
  }
};

TEST_F(OtlpRecordedTest, ProtobufDecodesToExactlyTheListedPoints) {
  for (int i = 0; i < kMessages; ++i) decode(protobuf(i));
  EXPECT_THAT(letters, testing::IsEmpty());
  EXPECT_EQ(numbered(), lines_of(read("points.txt")));
}

TEST_F(OtlpRecordedTest, JsonDecodesToExactlyTheListedPoints) {
  for (const std::string& line : lines_of(read("messages.jsonl"))) decode(line);
  EXPECT_THAT(letters, testing::IsEmpty());
  EXPECT_EQ(numbered(), lines_of(read("points.txt")));
}

TEST_F(OtlpRecordedTest, BothEncodingsAreTheSameSeries) {
  decode(protobuf(0));
  const std::size_t series = batch.new_series.size();
  const std::size_t layouts = batch.new_layouts.size();
  decode(lines_of(read("messages.jsonl"))[0], MetricFormat::otlp_json);
  EXPECT_EQ(batch.new_series.size(), series);
  EXPECT_EQ(batch.new_layouts.size(), layouts);
}

TEST_F(OtlpRecordedTest, MayHaveAFrameOfASchemaRegistryAroundIt) {
  using namespace std::string_literals;
  decode("\0\0\0\0\7"s + protobuf(0));
  decode("\0\0\0\0\7\0"s + protobuf(1), MetricFormat::otlp);
  EXPECT_THAT(letters, testing::IsEmpty());
  EXPECT_EQ(batch.points.size(), 24U);
}

// Cut anywhere it is either a shorter message or a letter that names the byte; never a crash.
TEST_F(OtlpRecordedTest, CutAnywhereItIsALetterWithThePlace) {
  const std::string message = protobuf(0);
  for (std::size_t length = 1; length < message.size(); ++length) {
    batch = {};
    letters.clear();
    decoder = MetricDecoder();
    decode(message.substr(0, length), MetricFormat::otlp);
    ASSERT_EQ(letters.size(), 1U) << length;
    EXPECT_THAT(letters[0].reason, testing::StartsWith("no OTLP message: byte ")) << length;
    EXPECT_THAT(batch.points, testing::IsEmpty());
  }
}

}  // namespace
}  // namespace rollbook::adapters::tests
