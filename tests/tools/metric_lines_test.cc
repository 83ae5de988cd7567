// Lines of a runbook, written otherwise.

#include "tools/metric_lines.h"

#include <gtest/gtest.h>

namespace rollbook::tools {
namespace {

TEST(MetricLines, ANameIsChangedWhereItStandsAlone) {
  EXPECT_EQ(with_name("metric count = counter count", "count", "n_total"),
            "metric count = counter n_total");
  EXPECT_EQ(with_name("metric errors = counter err  # of err", "err", "http.err"),
            "metric errors = counter \"http.err\"  # of err");
  EXPECT_EQ(with_name("metric errors = counter \"http.err\"{a=\"b\"}", "http.err", "err"),
            "metric errors = counter err{a=\"b\"}");
  EXPECT_EQ(with_name("metric errors = counter err", "er", "x"), "");
}

TEST(MetricLines, AKindIsChangedWithItsWords) {
  EXPECT_EQ(with_kind("metric a = counter   b unsplit", "b", "gauge max"),
            "metric a = gauge max   b unsplit");
  EXPECT_EQ(with_kind("metric a = gauge max b", "b", "counter"), "metric a = counter b");
  EXPECT_EQ(with_kind("metric a = histogram in ms \"b.c\"", "b.c", "gauge max"),
            "metric a = gauge max \"b.c\"");
  EXPECT_EQ(with_kind("metric a = counter counter", "counter", "gauge max"),
            "metric a = gauge max counter");
  EXPECT_EQ(with_kind("metric a =", "b", "counter"), "");
}

TEST(MetricLines, AUnitIsAddedOrChanged) {
  EXPECT_EQ(with_unit("metric a = histogram b  # in us", "ms"),
            "metric a = histogram b in ms  # in us");
  EXPECT_EQ(with_unit("metric a = histogram in us b", "ms"), "metric a = histogram in ms b");
  EXPECT_EQ(with_unit("metric a = histogram b{in=\"ms\"} in ms", "s"),
            "metric a = histogram b{in=\"ms\"} in s");
  EXPECT_EQ(with_unit("metric a = histogram b", "s"), "");
}

TEST(MetricLines, AClauseStandsBeforeTheComment) {
  EXPECT_EQ(with_clause("metric a = counter b{c=\"#\"}   # all", "default 0"),
            "metric a = counter b{c=\"#\"} default 0   # all");
  EXPECT_EQ(with_clause("metric a = counter b", "default 0"), "metric a = counter b default 0");
  EXPECT_EQ(with_clause("by c", "default 0"), "");
}

TEST(MetricLines, ALineIsPutBackWhereItWas) {
  const std::string text = "edition 1\n  metric a = counter b\r\n}\n";
  EXPECT_EQ(line_of(text, 2), "metric a = counter b");
  EXPECT_EQ(with_line(text, 2, "metric a = counter c"), "edition 1\n  metric a = counter c\r\n}\n");
  EXPECT_EQ(line_of(text, 0), "");
  EXPECT_EQ(line_of(text, 9), "");
  EXPECT_EQ(with_line(text, 9, "x"), "");
  EXPECT_EQ(line_beginning_with(text, "metric"), 2U);
  EXPECT_EQ(line_beginning_with(text, "metr"), 0U);
}

TEST(MetricLines, ATextInQuotesIsChanged) {
  EXPECT_EQ(with_text("arms by label \"v\": baseline \"old\"", "v", "version"),
            "arms by label \"version\": baseline \"old\"");
  EXPECT_EQ(with_text("arms by label \"v\"", "v", "a.b"), "arms by label \"a.b\"");
  EXPECT_EQ(with_text("arms by label \"w\"", "v", "x"), "");
}

}  // namespace
}  // namespace rollbook::tools
