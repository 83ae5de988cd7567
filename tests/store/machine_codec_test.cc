#include "store/machine_codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/store/arbitrary.h"

namespace rollbook::store {
namespace {

using core::arbitrary::any;

RC_GTEST_PROP(MachineCodec, brings_every_machine_back_exactly, ()) {
  const auto machine = any<core::Machine>();
  const auto back = decode_machine(encode_machine(machine));
  RC_ASSERT(back.has_value());
  RC_ASSERT((*back == machine));
}

RC_GTEST_PROP(MachineCodec, brings_every_plan_back_exactly, ()) {
  const runtime::Plan plan{std::string(64, 'a'), any<std::string>(), any<std::string>(),
                           any<std::string>(), any<core::Machine>()};
  const auto back = decode_plan(plan.digest, encode_plan(plan));
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->digest == plan.digest);
  RC_ASSERT(back->file == plan.file);
  RC_ASSERT(back->source == plan.source);
  RC_ASSERT(back->expanded == plan.expanded);
  RC_ASSERT((back->machine == plan.machine));
}

TEST(MachineCodec, refuses_bytes_that_are_no_machine) {
  const auto machine = decode_machine("\x0a\xff");
  ASSERT_FALSE(machine);
  EXPECT_EQ(machine.error().message, "stored machine cannot be read: its bytes are damaged");
}

TEST(MachineCodec, refuses_a_value_it_does_not_know) {
  // Machine{name = "m", metrics = [{kind = 7}]}.
  const auto machine = decode_machine(std::string("\x0a\x01m\x5a\x02\x10\x07"));
  ASSERT_FALSE(machine);
  EXPECT_EQ(machine.error().message,
            "stored machine `m` cannot be read: this version does not know its metric kind; a "
            "newer rollbook wrote it");
}

TEST(MachineCodec, refuses_a_plan_of_another_version) {
  EXPECT_FALSE(decode_plan("d", ""));
  EXPECT_FALSE(decode_plan("d", "\x02"));
  EXPECT_FALSE(decode_plan("d", "\x01\xff"));
}

}  // namespace
}  // namespace rollbook::store
