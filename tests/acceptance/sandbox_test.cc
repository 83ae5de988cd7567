// The sandbox as a user runs it: one seed is one log, byte for byte, and the exit code tells how
// the rollout ended.

#include "tests/acceptance/world.h"
#include "tests/paths.h"

namespace rollbook::tests {
namespace {

using testing::HasSubstr;

Ran sandbox(const std::string& runbook, const Words& more) {
  Words words{"sandbox", ROLLBOOK_SOURCE_DIR "/plans/" + runbook, "--speed", "max"};
  words.insert(words.end(), more.begin(), more.end());
  return rollbook(words);
}

TEST(SandboxProgram, OneSeedIsOneLogAndAnotherIsAnother) {
  const Words fault{"-o", "jsonl", "--fault", "errors 20% from 10s", "--seed"};
  const auto with_seed = [&](const char* seed) {
    Words words = fault;
    words.emplace_back(seed);
    return sandbox("minimal.runbook", words);
  };
  const Ran first = with_seed("7"), again = with_seed("7"), other = with_seed("8");
  EXPECT_EQ(first.exit, 3) << first.err;
  EXPECT_EQ(again.exit, 3);
  EXPECT_EQ(other.exit, 3);
  EXPECT_THAT(first.out, HasSubstr(R"("outcome":"rolled_back")"));
  EXPECT_TRUE(first.out == again.out) << "the same seed gave two logs";
  EXPECT_FALSE(first.out == other.out) << "two seeds gave one log";
}

TEST(SandboxProgram, KeepsTheSameLogInADirectory) {
  const Directory directory;
  const auto kept = [&](const std::string& name) {
    const std::string data = directory.file(name);
    EXPECT_EQ(sandbox("minimal.runbook", {"--seed", "7", "--data", data}).exit, 0);
    const Ran verified = rollbook({"replay", data, "--verify"});
    EXPECT_EQ(verified.exit, 0) << verified.out << verified.err;
    // Every event with its evidence; the state hashes at the end.
    return rollbook({"replay", data, "-o", "jsonl"}).out + verified.out;
  };
  const std::string first = kept("first"), again = kept("again");
  EXPECT_THAT(first, HasSubstr(R"("type":"observed")"));
  EXPECT_TRUE(first == again) << "the same seed gave two logs";
}

TEST(SandboxProgram, EndsWithWhatBecameOfTheRollout) {
  const Ran good = sandbox("minimal.runbook", {});
  EXPECT_EQ(good.exit, 0) << good.err;
  EXPECT_THAT(good.out, HasSubstr("✓ succeeded"));
  const Ran bad = sandbox("minimal.runbook", {"--fault", "errors 20% from 10s"});
  EXPECT_EQ(bad.exit, 3);
  EXPECT_THAT(bad.out, HasSubstr("✗ rolled back"));
  EXPECT_THAT(bad.out, HasSubstr("because"));
}

TEST(SandboxProgram, EndsWhereNobodyResumesWhatIsHalted) {
  const Ran halted = sandbox("cache-replacement.runbook", {"--fault", "errors 5% from 4h on both"});
  EXPECT_EQ(halted.exit, 4);
  EXPECT_THAT(halted.out, HasSubstr("halted: "));
  EXPECT_THAT(halted.err, HasSubstr("the rollout is halted, and nobody here resumes it"));
  EXPECT_THAT(halted.err, HasSubstr("and baseline: failed > 0.5%"));
}

}  // namespace
}  // namespace rollbook::tests
