#include "adapters/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace rollbook::adapters {
namespace {

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() : directory_(testing::TempDir() + "rollbook_config_" + name()) {
    std::filesystem::create_directories(directory_);
  }
  ~ConfigTest() override { std::filesystem::remove_all(directory_); }

  static std::string name() {
    return testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  std::string write(const std::string& text, const std::string& file = "rollbook.toml") {
    std::string path = directory_ + "/" + file;
    std::ofstream(path) << text;
    return path;
  }
  core::Result<LoadedConfig> load(const std::string& text) {
    sources_.file = write(text);
    return load_config(sources_);
  }
  // The error's message, the directory cut away.
  std::string error(const std::string& text) {
    const auto loaded = load(text);
    if (loaded) return "";
    std::string message = loaded.error().message;
    while (message.find(directory_ + "/") != std::string::npos) {
      message.erase(message.find(directory_ + "/"), directory_.size() + 1);
    }
    return message;
  }
  static const Setting* find(const LoadedConfig& loaded, const std::string& key) {
    for (const Setting& setting : loaded.settings) {
      if (setting.key == key) return &setting;
    }
    return nullptr;
  }

  std::string directory_;
  ConfigSources sources_;
};

TEST_F(ConfigTest, TheContractsFileIsRead) {
  const auto loaded = load(R"(
[kafka]
brokers = "kafka-1:9092"
group = "rollbook"
[kafka.properties]
"security.protocol" = "SASL_SSL"
socket.timeout.ms = 1000
[[metrics]]
topic = "otlp_metrics"
format = "auto"
[[metrics]]
topic = "more"
[topics]
commands = "c"
effects = "e"
events = "v"
deadletter = "d"
[store]
path = "/data"
[http]
listen = "127.0.0.1:9000"
[effects]
traffic = "kafka"
)");
  ASSERT_TRUE(loaded) << loaded.error().message;
  const Config& config = loaded->config;
  EXPECT_EQ(config.bus, "kafka");
  EXPECT_FALSE(config.file_bus());
  EXPECT_EQ(config.brokers, "kafka-1:9092");
  EXPECT_THAT(config.kafka_properties,
              testing::ElementsAre(testing::Pair("security.protocol", "SASL_SSL"),
                                   testing::Pair("socket.timeout.ms", "1000")));
  EXPECT_THAT(config.metrics, testing::ElementsAre(MetricTopic{"otlp_metrics", "auto"},
                                                   MetricTopic{"more", "auto"}));
  EXPECT_EQ(config.topics.commands, "c");
  EXPECT_EQ(config.topics.deadletter, "d");
  EXPECT_EQ(config.store_path, "/data");
  EXPECT_EQ(config.listen, "127.0.0.1:9000");
}

TEST_F(ConfigTest, WithoutAnythingTheDefaultsHold) {
  const auto loaded = load("");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.brokers, "127.0.0.1:9092");
  EXPECT_THAT(loaded->config.metrics, testing::ElementsAre(MetricTopic{"metrics", "auto"}));
  EXPECT_EQ(loaded->config.topics.events, "rollbook.events");
  EXPECT_EQ(find(*loaded, "kafka.brokers")->origin, "default");
}

TEST_F(ConfigTest, FlagsGoOverEnvironmentOverFile) {
  sources_.environment = {{"ROLLBOOK_KAFKA_BROKERS", "from-env:1"},
                          {"ROLLBOOK_STORE_PATH", "/env"},
                          {"ROLLBOOK_METRICS", "a,b"}};
  sources_.flags = {{"store.path", "/flag", "--data"},
                    {"metrics", "x", "--metrics-topic"},
                    {"metrics", "y", "--metrics-topic"}};
  const auto loaded = load(
      "[kafka]\nbrokers = \"from-file:1\"\ngroup = \"g\"\n[[metrics]]\ntopic = \"from-file\"\n");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.brokers, "from-env:1");
  EXPECT_EQ(loaded->config.store_path, "/flag");
  EXPECT_THAT(loaded->config.metrics,
              testing::ElementsAre(MetricTopic{"x", "auto"}, MetricTopic{"y", "auto"}));
  EXPECT_EQ(find(*loaded, "kafka.brokers")->origin, "ROLLBOOK_KAFKA_BROKERS");
  EXPECT_EQ(find(*loaded, "store.path")->origin, "--data");
  EXPECT_THAT(find(*loaded, "kafka.group")->origin, testing::EndsWith("rollbook.toml:3:9"));
  EXPECT_EQ(find(*loaded, "metrics")->origin, "--metrics-topic");
}

TEST_F(ConfigTest, TheEnvironmentNamesTheFile) {
  sources_.environment = {{"ROLLBOOK_CONFIG", write("[kafka]\ngroup = \"g\"\n", "other.toml")}};
  const auto loaded = load_config(sources_);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.group, "g");
}

TEST_F(ConfigTest, EachMistakeHasItsPlaceAndAWayOut) {
  const std::pair<const char*, const char*> table[] = {
      {"[kafka]\nbroker = \"x\"",
       "rollbook.toml:2:10: unknown key `kafka.broker`, did you mean `kafka.brokers`?"},
      {"[kafak]\nbrokers = \"x\"", "rollbook.toml:1:1: unknown key `kafak`, did you mean `kafka`?"},
      {"xyzzy = 1", "rollbook.toml:1:9: unknown key `xyzzy`"},
      {"[kafka]\nbrokers = 9092", "rollbook.toml:2:11: `kafka.brokers` is not a text in quotes"},
      {"[kafka]\nbrokers = \"\"", "rollbook.toml:2:11: `kafka.brokers` is empty"},
      {"kafka = \"x\"", "rollbook.toml:1:9: `kafka` is a section, written [kafka]"},
      {"bus = \"nats\"", "rollbook.toml:1:7: `bus` is `nats`, expected kafka or file:DIR"},
      {"bus = \"file:\"", "rollbook.toml:1:7: `bus` is `file:`, expected kafka or file:DIR"},
      {"[metrics]\ntopic = \"x\"", "rollbook.toml:1:1: `metrics` is a list, written [[metrics]]"},
      {"[[metrics]]\nformat = \"auto\"",
       "rollbook.toml:1:1: an entry of `metrics` without a `topic`"},
      {"[[metrics]]\ntopic = \"x\"\nfromat = \"auto\"",
       "rollbook.toml:3:10: unknown key `metrics.fromat`, did you mean `metrics.format`?"},
      {"[[metrics]]\ntopic = \"x\"\nformat = \"otpl\"",
       "rollbook.toml:1:1: `otpl` is no format, formats are auto, otlp, otlp-json, prometheus, "
       "influx, rollbook, did you mean `otlp`?"},
      {"[[metrics]]\ntopic = \"a b\"",
       "rollbook.toml:1:1: `metrics` is `a b`, a topic has up to 249 of a-z, A-Z, 0-9, ., _ and -"},
      {"[topics]\nevents = \"a/b\"",
       "rollbook.toml:2:10: `topics.events` is `a/b`, a topic has up to 249 of a-z, A-Z, 0-9, ., "
       "_ and -"},
      {"[effects]\ntraffic = \"exec\"",
       "rollbook.toml:2:11: `effects.traffic` is `exec`, which is not supported yet; supported is "
       "kafka"},
      {"[effects]\ntraffic = \"pigeon\"",
       "rollbook.toml:2:11: `effects.traffic` is `pigeon`, expected kafka"},
      {"[kafka.properties]\nx = [1]",
       "rollbook.toml:2:5: `kafka.properties.x` is no text, whole number or boolean"},
      {"[kafka]\nproperties = 1",
       "rollbook.toml:2:14: `kafka.properties` is a table, written [kafka.properties]"},
      {"[kafka.properties]\n\"sasl.password\" = \"env:NOT_SET_AT_ALL\"",
       "rollbook.toml:2:19: `kafka.properties.sasl.password` is `env:NOT_SET_AT_ALL`, which is not "
       "set"},
      {"[kafka.properties]\n\"sasl.password\" = \"file:/no/such\"",
       "rollbook.toml:2:19: `kafka.properties.sasl.password` is `file:/no/such`, which cannot be "
       "read"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(error(text), expected) << text;
  EXPECT_THAT(error("[kafka\n"), testing::StartsWith("rollbook.toml:1:7: "));
}

TEST_F(ConfigTest, AFileThatWasAskedForMustBeThere) {
  sources_.file = directory_ + "/nowhere.toml";
  EXPECT_EQ(load_config(sources_).error().message,
            directory_ + "/nowhere.toml: no such file that can be read");
  sources_.file = directory_;
  EXPECT_FALSE(load_config(sources_));
}

TEST_F(ConfigTest, SecretsAreResolvedButNeverShown) {
  const std::string secret_file = write("from-file-7\n", "secret");
  sources_.environment = {{"KAFKA_SECRET", "from-env-7"}};
  const auto loaded = load(
      "[kafka.properties]\n\"sasl.password\" = \"env:KAFKA_SECRET\"\n"
      "\"ssl.key.password\" = \"file:" +
      secret_file +
      "\"\n"
      "\"sasl.oauthbearer.client.secret\" = \"plain-7\"\n");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_THAT(loaded->config.kafka_properties,
              testing::ElementsAre(testing::Pair("sasl.oauthbearer.client.secret", "plain-7"),
                                   testing::Pair("sasl.password", "from-env-7"),
                                   testing::Pair("ssl.key.password", "from-file-7")));
  for (const Setting& setting : loaded->settings) {
    EXPECT_THAT(setting.value, testing::Not(testing::HasSubstr("-7"))) << setting.key;
  }
  EXPECT_EQ(find(*loaded, "kafka.properties.sasl.password")->value, "env:KAFKA_SECRET");
  EXPECT_EQ(find(*loaded, "kafka.properties.sasl.oauthbearer.client.secret")->value, "(hidden)");
}

TEST_F(ConfigTest, AnEnvironmentVariableThatIsNearlyKnownIsWarnedOf) {
  sources_.environment = {{"ROLLBOOK_KAFKA_BROKER", "x"}, {"ROLLBOOK_KILL_CYCLES", "500"}};
  const auto loaded = load("");
  ASSERT_TRUE(loaded);
  EXPECT_THAT(loaded->warnings,
              testing::ElementsAre(
                  "ROLLBOOK_KAFKA_BROKER is not known, did you mean ROLLBOOK_KAFKA_BROKERS?"));
}

TEST_F(ConfigTest, AFileBusIsADirectory) {
  sources_.flags = {{"bus", "file:/tmp/x", "--bus"}};
  EXPECT_EQ(load("")->config.file_bus(), "/tmp/x");
}

TEST_F(ConfigTest, ReadingBackHasALimitAndARate) {
  const auto defaults = load("");
  ASSERT_TRUE(defaults) << defaults.error().message;
  EXPECT_EQ(defaults->config.read_back_most, std::chrono::hours(14 * 24));
  EXPECT_EQ(defaults->config.read_back_rate, 50'000'000U);
  const auto given = load("[read_back]\nmost = \"36h\"\nrate = \"800kB/s\"\n");
  ASSERT_TRUE(given) << given.error().message;
  EXPECT_EQ(given->config.read_back_most, std::chrono::hours(36));
  EXPECT_EQ(given->config.read_back_rate, 800'000U);
  const auto off = load("[read_back]\nmost = \"0\"\n");
  ASSERT_TRUE(off) << off.error().message;
  EXPECT_EQ(off->config.read_back_most, core::Duration::zero());
  EXPECT_EQ(error("[read_back]\nmost = \"long\"\n"),
            "rollbook.toml:2:8: `read_back.most` is `long`, expected a duration such as 14d, or 0 "
            "for never");
  EXPECT_EQ(error("[read_back]\nrate = \"50\"\n"),
            "rollbook.toml:2:8: `read_back.rate` is `50`, expected a rate such as 50MB/s or "
            "800kB/s");
}

}  // namespace
}  // namespace rollbook::adapters
