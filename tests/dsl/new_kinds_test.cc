// `stop new(errors by type) at least 5 over 5m`: source → machine, and what is refused.

#include <gtest/gtest.h>

#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

Runbook by_labels(const std::string& stop = "new(errors by type) at least 5 over 5m") {
  return Runbook()
      .with("errors_total default 0", "errors_total by type, endpoint default 0")
      .with("stop queue > 1000 over 5m", "stop " + stop);
}

TEST(NewKinds, AreCountedByLabelAgainstTheBaseline) {
  const std::string text = machine_text(by_labels());
  EXPECT_NE(text.find("\ncriterion guard.stop[3] stop count of errors.canary[5m/1s guard] by type "
                      "not in errors.baseline[5m/1s guard] >= 5 \"new(errors by type) at least 5 "
                      "over 5m\"\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("on stop guard.stop[3] => rollback.automatic"), std::string::npos);
}

TEST(NewKinds, MayBeToldApartBySeveralLabels) {
  const std::string text =
      machine_text(by_labels("new(canary.errors by endpoint, type) at least 20 over 1h"));
  EXPECT_NE(text.find("by endpoint, type not in errors.baseline[1h/12s guard] >= 20"),
            std::string::npos)
      << text;
}

TEST(NewKinds, MayBeAPartOfSeveralConditions) {
  const std::string text = machine_text(
      by_labels("new(errors by type) at least 5 over 5m and error_rate > 0.1% over 5m"));
  EXPECT_NE(text.find("on stop guard.stop[3] and guard.stop[3].and[1] =>"), std::string::npos)
      << text;
}

struct Refused {
  const char* stop;
  const char* findings;
};

TEST(NewKinds, AreRefusedWhereTheySayNothing) {
  const Refused cases[] = {
      {"new(errors by tipe) at least 5 over 5m",
       "17:24 RB0311 `errors` is not kept by `tipe`\n  did you mean `type`?\n"},
      {"new(errors by zone) at least 5 over 5m",
       "17:24 RB0311 `errors` is not kept by `zone`\n  it is kept by `type` or `endpoint`\n"},
      {"new(erors by type) at least 5 over 5m",
       "17:14 RB0301 no metric is called `erors`\n  did you mean `errors`?\n"},
      {"new(requests by type) at least 5 over 5m",
       "17:14 RB0401 `requests` is not kept by its labels\n  declare it as `metric requests = "
       "counter requests_total by type`\n"},
      {"new(latency by type) at least 5 over 5m",
       "17:14 RB0401 `new` needs a counter, `latency` is none\n  take a metric that is declared as "
       "`counter`\n"},
      {"new(error_rate by type) at least 5 over 5m",
       "17:14 RB0401 `new` needs a counter, `error_rate` is a ratio\n  take a metric that is "
       "declared as `counter`\n"},
      {"new(baseline.errors by type) at least 5 over 5m",
       "17:14 RB0401 `new` holds the canary against the baseline, and `errors` is not split\n  "
       "name "
       "the `arms`, and take a metric that is not `unsplit`\n"},
      {"new(errors by type) at least 5",
       "17:10 RB0207 over what time? `new` needs `over`\n  add `over 5m`\n"},
      {"new(errors by type) at least 0 over 5m",
       "17:39 RB0212 `0` must be above 0\n  write 1 or more\n"},
      {"new(errors by type) at least 5 over 5m for 2m",
       "17:53 RB0209 `new` knows only `at least` behind it and `over`\n  leave it out\n"},
  };
  for (const Refused& c : cases) EXPECT_EQ(errors(by_labels(c.stop)), c.findings) << c.stop;
}

}  // namespace
}  // namespace rollbook::dsl
