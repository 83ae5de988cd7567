// What the commands topic tells beside commands.

#include "adapters/pump/commands_pump.h"

#include <gtest/gtest.h>

namespace rollbook::adapters {
namespace {

using namespace std::chrono_literals;

// Says once that offsets are gone, then nothing.
class GappyConsumer : public runtime::Consumer {
 public:
  core::Result<std::size_t> poll(core::Duration, std::size_t,
                                 const runtime::ConsumerEvents& events) override {
    if (!std::exchange(told_, true)) events.on_gap({"commands", 2, 5, 10});
    return std::size_t{0};
  }
  core::Result<std::vector<core::SourceOffset>> ends() override {
    return std::vector<core::SourceOffset>{};
  }

 private:
  bool told_ = false;
};

class NoCompiler : public runtime::PlanCompiler {
 public:
  runtime::Compiled compile(const std::string&, const std::string&,
                            const std::vector<core::Argument>&) const override {
    return {};
  }
};

TEST(CommandsPump, AGapIsOneOfCommandsAndIsSaid) {
  runtime::InputQueue queue(1 << 20);
  const NoCompiler compiler;
  std::atomic<std::int64_t> said = 0;
  CommandHooks hooks;
  hooks.on_gap = [&](const runtime::Gap& gap) { said = gap.to; };
  const CommandsPump pump(std::make_unique<GappyConsumer>(), queue, compiler, hooks);
  const auto drained = queue.drain(20s, 1);
  ASSERT_EQ(drained.urgent.size(), 1U);
  const auto* gap = std::get_if<runtime::GapInput>(&drained.urgent[0]);
  ASSERT_NE(gap, nullptr);
  EXPECT_TRUE(gap->commands);
  EXPECT_EQ(gap->gap, (core::SourceGap{"commands", 2, 5, 10}));
  EXPECT_EQ(said, 10);
}

}  // namespace
}  // namespace rollbook::adapters
