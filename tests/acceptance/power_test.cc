// `rollbook power --from TOPIC` over a real broker: partitions that interleave, records of before,
// and the same numbers as from a file of the same lines.

#include <fstream>

#include "adapters/kafka/kafka_bus.h"
#include "tests/acceptance/world.h"
#include "tests/adapters/raw_kafka.h"
#include "tests/tools/power/recorded_shop.h"

namespace rollbook::tests {
namespace {

using testing::HasSubstr;

class PowerOnKafka : public WithKafka {
 protected:
  static Ran power(const Directory& directory, std::vector<std::string> more) {
    std::vector<std::string> words{"power",     directory.write("shop.runbook", kRecordedShop),
                                   "--runs",    "5",
                                   "--brokers", bootstrap()};
    words.insert(words.end(), more.begin(), more.end());
    return rollbook(words);
  }
};

TEST_F(PowerOnKafka, SaysOfATopicWhatItSaysOfTheSameLinesInAFile) {
  const World world = World::kafka(bootstrap());
  const Directory& directory = world.directory();
  const std::string topic = world.topics().metrics + "-wide";
  auto admin = adapters::make_kafka_admin({.brokers = bootstrap()});
  ASSERT_TRUE(admin);
  ASSERT_TRUE((*admin)->create_topic(topic, 3));
  const std::vector<Sent> all = recorded_shop(now_in_seconds() - 1h, 20min);
  std::string lines;
  RawKafka raw(bootstrap());
  // Of another day: all of them failed.
  for (const Sent& old : recorded_shop(now_in_seconds() - 30h, 20min, 1)) {
    raw.put(topic, 0, old.at, "", old.payload);
  }
  // Without a key one series scatters over the partitions; some come twice.
  for (std::size_t i = 0; i < all.size(); ++i) {
    lines += all[i].payload + "\n";
    raw.put(topic, static_cast<std::int32_t>(i % 3), all[i].at, "", all[i].payload);
    if (i % 7 == 0) {
      raw.put(topic, static_cast<std::int32_t>((i + 1) % 3), all[i].at, "", all[i].payload);
    }
  }
  raw.flush();
  const Ran from_topic = power(directory, {"--from", topic, "-o", "json"});
  ASSERT_EQ(from_topic.exit, 0) << from_topic.err;
  const Ran from_file =
      power(directory, {"--from", directory.write("recorded.jsonl", lines), "-o", "json"});
  ASSERT_EQ(from_file.exit, 0) << from_file.err;
  const Json of_topic = Json::parse(from_topic.out), of_file = Json::parse(from_file.out);
  EXPECT_EQ(of_topic["recorded"]["from"], "topic `" + topic + "`");
  EXPECT_EQ(of_topic["recorded"]["span_seconds"], 1200);
  EXPECT_EQ(of_topic["criteria"], of_file["criteria"]);
  EXPECT_EQ(of_topic["proposals"], of_file["proposals"]);
  ASSERT_EQ(of_topic["proposals"].size(), 2U);
  EXPECT_EQ(of_topic["proposals"][0]["limit"], "4%");
  // Two days back the bad one is met too.
  const Ran longer = power(directory, {"--from", topic, "--last", "48h", "-o", "json"});
  ASSERT_EQ(longer.exit, 0) << longer.err;
  EXPECT_GT(Json::parse(longer.out)["criteria"][0]["healthy"].get<double>(), 0.3);
}

TEST_F(PowerOnKafka, NoSuchTopicIsSaid) {
  const Directory directory;
  const Ran ran = power(directory, {"--from", "nobody-made-this"});
  EXPECT_EQ(ran.exit, 6);
  EXPECT_THAT(ran.err, HasSubstr("so it is a topic: topic `nobody-made-this` is not on "));
}

}  // namespace
}  // namespace rollbook::tests
