#include "adapters/wire/json_syntax.h"

#include <gtest/gtest.h>

namespace rollbook::adapters {
namespace {

std::string explain(std::string_view text) {
  const auto error = find_syntax_error(text);
  return error ? place(text, error->offset) + ": " + error->reason : "";
}

TEST(JsonSyntax, GoodObjectsHaveNoError) {
  for (const char* text :
       {"{}", " {\"a\":1} ", R"({"a":[],"b":{},"c":[1,-2.5e+3,true,false,null,"x"]})",
        R"({"a":"\u00e4\ud83d\ude00\n\"","ä€😀":""})", "{\n \"a\" : [ [ 0 ] , 0.5 ]\r\n}\n"}) {
    EXPECT_EQ(explain(text), "") << text;
  }
}

TEST(JsonSyntax, EachErrorHasItsPlaceAndReason) {
  const std::pair<std::string, std::string> table[] = {
      {"", "line 1, column 1: expected an object"},
      {"[1]", "line 1, column 1: expected an object"},
      {"hal9 value=1", "line 1, column 1: expected an object"},
      {"{garbage", "line 1, column 2: expected a key"},
      {"{\"a\":1,}", "line 1, column 8: expected a key"},
      {"{\"a\" 1}", "line 1, column 6: expected `:`"},
      {"{\"a\":}", "line 1, column 6: expected a value"},
      {"{\"a\":tru}", "line 1, column 6: expected a value"},
      {"{\"a\":1 2}", "line 1, column 8: expected `,` or `}`"},
      {"{\"a\":[1 2]}", "line 1, column 9: expected `,` or `]`"},
      {"{\"a\":[1,]}", "line 1, column 9: expected a value"},
      {"{\"a\":01}", "line 1, column 6: a number may not begin with 0"},
      {"{\"a\":-}", "line 1, column 7: expected a digit"},
      {"{\"a\":1.}", "line 1, column 8: expected a digit"},
      {"{\"a\":1e}", "line 1, column 8: expected a digit"},
      {"{\"a\":NaN}", "line 1, column 6: `NaN` is not a finite number"},
      {"{\"a\":-Infinity}", "line 1, column 6: `-Infinity` is not a finite number"},
      {"{\"a\":\"x}", "line 1, column 6: text without an end"},
      {"{\"a\":\"\\x\"}", "line 1, column 7: no such escape in a text"},
      {"{\"a\":\"\\ud800\"}", "line 1, column 7: no such escape in a text"},
      {"{\"a\":\"\x01\"}", "line 1, column 7: control character in a text"},
      {"{\"a\":\"\xff\"}", "line 1, column 7: not UTF-8"},
      {"{\"a\":\"\xed\xa0\x80\"}", "line 1, column 7: not UTF-8"},
      {"{} x", "line 1, column 4: expected nothing after the object"},
      {"{\n\"a\":1\n,x}", "line 3, column 2: expected a key"},
      {"{\"a\":1", "line 1, column 7: expected `,` or `}`"},
  };
  for (const auto& [text, reason] : table) EXPECT_EQ(explain(text), reason) << text;
}

TEST(JsonSyntax, DeepNestingIsRefusedWithoutRecursion) {
  const std::string deep = "{\"a\":" + std::string(100'000, '[');
  EXPECT_EQ(explain(deep), "line 1, column 69: nested deeper than 64");
}

}  // namespace
}  // namespace rollbook::adapters
