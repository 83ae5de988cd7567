// Which names are near to one that is not there.

#include "tools/metric_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rollbook::tools {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

struct Case {
  const char* wanted;
  std::vector<std::string> names;
  Nearness nearness;
  std::vector<std::string> nearest;
};
class NearNamesTest : public testing::TestWithParam<Case> {};
TEST_P(NearNamesTest, AreFound) {
  const NearNames near = near_names(GetParam().wanted, GetParam().names);
  EXPECT_EQ(near.nearness, GetParam().nearness) << GetParam().wanted;
  EXPECT_EQ(near.names, GetParam().nearest) << GetParam().wanted;
}
INSTANTIATE_TEST_SUITE_P(
    MetricNames, NearNamesTest,
    testing::Values(
        Case{"err", {"err_total", "req_total"}, Nearness::same, {"err_total"}},
        Case{"err_total", {"err"}, Nearness::same, {"err"}},
        Case{"http_requests", {"http.Requests"}, Nearness::same, {"http.Requests"}},
        Case{"lat", {"lat_sum", "lat_count"}, Nearness::same, {"lat_count"}},
        Case{"a.b", {"a_b", "a-b"}, Nearness::same, {"a-b", "a_b"}},
        Case{"shop_reqests", {"shop_requests", "requests"}, Nearness::slip, {"shop_requests"}},
        Case{"erorrs", {"errors"}, Nearness::slip, {"errors"}},  // two that are exchanged are one
        Case{"errs", {"http.server.errs"}, Nearness::part, {"http.server.errs"}},
        Case{"shop_errors_total", {"errors"}, Nearness::part, {"errors"}},
        Case{"err", {"http.err", "grpc_err_total"}, Nearness::part, {"http.err", "grpc_err_total"}},
        Case{"err", {"clienterrors"}, Nearness::inside, {"clienterrors"}},
        Case{"lat", {"lag", "req"}, Nearness::none, {}},  // three letters are another word
        Case{"shop_errors_total", {"shop_orders_total"}, Nearness::none, {}},
        Case{"up", {"group"}, Nearness::none, {}},
        Case{"total", {"count", "..."}, Nearness::none, {}}));

TEST(MetricNames, SomeAreShownTheLikestFirst) {
  const auto shown = some_names("errors", {"a", "b", "c", "d", "e", "f", "errands"});
  EXPECT_THAT(shown, SizeIs(5));
  EXPECT_EQ(shown.front(), "errands");
  EXPECT_THAT(some_names("errors", {}), IsEmpty());
}

TEST(MetricNames, AListEndsAsItIsMeant) {
  EXPECT_EQ(list_of({"a", "b\n", "c"}, " or "), "`a`, `b?` or `c`");
  EXPECT_EQ(list_of({"a"}), "`a`");
  EXPECT_EQ(list_of({}), "");
}

}  // namespace
}  // namespace rollbook::tools
