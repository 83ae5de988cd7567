#include "dsl/lexer.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/core/limits.h"
#include "tests/dsl/support.h"

namespace rollbook::dsl {
namespace {

using Kind = Token::Kind;

const char* letter(Kind kind) {
  switch (kind) {
    case Kind::word:
      return "w";
    case Kind::number:
      return "n";
    case Kind::text:
      return "t";
    case Kind::selector:
      return "sel";
    case Kind::symbol:
      return "s";
    case Kind::newline:
      return "nl";
    case Kind::bad:
      return "bad";
    case Kind::end:
      return "end";
  }
  return "";
}

// "w:hold n:2h nl end"
std::string dump(const Tokens& tokens) {
  std::string out;
  for (const Token& token : tokens) {
    if (!out.empty()) out += ' ';
    out += letter(token.kind);
    if (token.kind != Kind::newline && token.kind != Kind::end && token.kind != Kind::bad)
      out += ":" + token.value;
  }
  return out;
}

std::string lexed(const std::string& text) {
  Sink sink("x");
  const std::string tokens = dump(lex(text, sink));
  return tokens + test::lines(sink);
}

std::string bytes_of(const Tokens& tokens, const std::string& text) {
  std::string all;
  for (const Token& token : tokens) all += text.substr(token.trivia, token.end - token.trivia);
  return all;
}

TEST(Lexer, MakesTokens) {
  const struct {
    const char* text;
    const char* tokens;
  } cases[] = {
      {"", "end"},
      {"# only a comment", "end"},
      {"hold 2h", "w:hold n:2h end"},
      {"\xEF\xBB\xBFhold", "w:hold end"},
      {"hold 2h\r\nrun", "w:hold n:2h nl w:run end"},
      {"a\n\n\n# b\n\nc\n", "w:a nl w:c nl end"},
      {"\n\na", "w:a end"},
      {"x >= 5% # why", "w:x s:>= n:5% end"},
      {"a<b<=c", "w:a s:< w:b s:<= w:c end"},
      {"canary.p99(l)", "w:canary s:. w:p99 s:( w:l s:) end"},
      {"p99.9(l)", "w:p99.9 s:( w:l s:) end"},
      {"p99.9 (l)", "w:p99 s:. n:9 s:( w:l s:) end"},
      {"errors/requests", "w:errors s:/ w:requests end"},
      {"10/x", "n:10 s:/ w:x end"},
      {"10/s", "n:10/s end"},
      {"10/second",
       "bad end\nx:1:1 RB0109 `10/second`: no unit is called `/second` | a rate is per second, "
       "minute or hour: `900/s`, `60/m` or `1/h`"},
      {"\"a \\\"b\\\" \\\\ \\n\"", "t:a \"b\" \\ \n end"},
      {"_a1 a_b", "w:_a1 w:a_b end"},
  };
  for (const auto& c : cases) EXPECT_EQ(lexed(c.text), c.tokens) << c.text;
}

TEST(Lexer, NewlinesThatDoNotCount) {
  const struct {
    const char* text;
    const char* tokens;
  } cases[] = {
      {"role a,\n  b\nc", "w:role w:a s:, w:b nl w:c end"},
      {"x =\n y /\n z\nc", "w:x s:= w:y s:/ w:z nl w:c end"},
      {"run a(\n x: 1,\n y: 2\n)\nc", "w:run w:a s:( w:x s:: n:1 s:, w:y s:: n:2 s:) nl w:c end"},
      {"a >\n# why\n\n b", "w:a s:> w:b end"},
      {"a {\nb\n}\nc", "w:a s:{ nl w:b nl s:} nl w:c end"},
      // A parenthesis that is never closed hides no newline.
      {"a(b\nc\n}", "w:a s:( w:b nl w:c nl s:} end"},
      {"a(\")\" # )\nc\n{", "w:a s:( t:) nl w:c nl s:{ end"},
  };
  for (const auto& c : cases) EXPECT_EQ(lexed(c.text), c.tokens) << c.text;
}

TEST(Lexer, SelectorsAndBlocks) {
  const struct {
    const char* text;
    const char* tokens;
  } cases[] = {
      {"m{a=\"b\"} x", "w:m sel:{a=\"b\"} w:x end"},
      {"m{code=~\"5..}\", b!=\"c\"}", "w:m sel:{code=~\"5..}\", b!=\"c\"} end"},
      {"m {\"http.route\" = \"/\"}", "w:m sel:{\"http.route\" = \"/\"} end"},
      {"m{a!~\"b\"}", "w:m sel:{a!~\"b\"} end"},
      {"m{a=\"\\\"}\"}", "w:m sel:{a=\"\\\"}\"} end"},
      {"on exit{report stage}", "w:on w:exit s:{ w:report w:stage s:} end"},
      {"guard{}", "w:guard s:{ s:} end"},
      {"m{a=\"b\"\nc",
       "w:m bad nl w:c end\nx:1:2 RB0112 this label selector is not closed | put a `}` at its end; "
       "a selector stays on one line"},
  };
  for (const auto& c : cases) EXPECT_EQ(lexed(c.text), c.tokens) << c.text;
}

TEST(Lexer, NumbersAreExact) {
  using ast::Type;
  const struct {
    const char* text;
    Type type;
    std::int64_t nanos;
  } cases[] = {
      {"5", Type::count, 5'000'000'000},
      {"0.5", Type::count, 500'000'000},
      {"007", Type::count, 7'000'000'000},
      {"0.1%", Type::ratio, 1'000'000},
      {"100%", Type::ratio, 1'000'000'000},
      {"99.9%", Type::ratio, 999'000'000},
      {"0.0000001%", Type::ratio, 1},
      {"0.02pp", Type::points, 200'000},
      {"2pp", Type::points, 20'000'000},
      {"5m", Type::duration, 300'000'000'000},
      {"50ms", Type::duration, 50'000'000},
      {"50us", Type::duration, 50'000},
      {"50ns", Type::duration, 50},
      {"26h30m", Type::duration, 95'400'000'000'000},
      {"1d2h3m4s5ms6us7ns", Type::duration, 93'784'005'006'007},
      {"1.5h", Type::duration, 5'400'000'000'000},
      {"900/s", Type::rate, 900'000'000'000},
      {"120/m", Type::rate, 2'000'000'000},
      {"7200/h", Type::rate, 2'000'000'000},
      {"64KiB", Type::size, 65'536'000'000'000},
      {"2kB", Type::size, 2'000'000'000'000},
  };
  for (const auto& c : cases) {
    Sink sink("x");
    const Tokens tokens = lex(c.text, sink);
    ASSERT_EQ(tokens.size(), 2U) << c.text << test::lines(sink);
    EXPECT_TRUE(tokens[0].is(Kind::number)) << c.text;
    EXPECT_EQ(tokens[0].type, c.type) << c.text;
    EXPECT_TRUE(tokens[0].number == core::Fixed::from_nanos(c.nanos)) << c.text;
    EXPECT_EQ(tokens[0].value, c.text);
  }
}

TEST(Lexer, RefusesNumbers) {
  const struct {
    const char* text;
    const char* found;
  } cases[] = {
      {"5mn", "RB0109 `5mn`: no unit is called `mn` | did you mean `ms`?"},
      {"5weeks", "RB0109 `5weeks`: no unit is called `weeks` | a week is written `7d`"},
      {"5kb", "RB0109 `5kb`: no unit is called `kb` | did you mean `kB`?"},
      {"2xx",
       "RB0109 `2xx`: no unit is called `xx` | durations are written in `d`, `h`, `m`, `s`, `ms`, "
       "`us`, `ns`; a ratio as `0.1%`, a rate as `900/s`"},
      {"30m26h",
       "RB0107 `30m26h`: the parts of a duration go from large to small | write it like `26h30m`"},
      {"5m5m",
       "RB0107 `5m5m`: the parts of a duration go from large to small | write it like `26h30m`"},
      {"5m30",
       "RB0107 `5m30`: the parts of a duration go from large to small | write it like `26h30m`"},
      {"0.0000000001",
       "RB0107 `0.0000000001`: this number has no exact value in 10⁻⁹ of its unit | use fewer "
       "digits"},
      {"100/m",
       "RB0107 `100/m`: this number has no exact value in 10⁻⁹ of its unit | write it per second, "
       "like `900/s`"},
      {"0.5ns",
       "RB0107 `0.5ns`: this number has no exact value in 10⁻⁹ of its unit | use fewer digits"},
      {"1000000000000001",
       "RB0108 `1000000000000001`: this number is too large | the largest value is 10¹⁵"},
      {"99999999999999999999999999999999999999",
       "RB0108 `99999999999999999999999999999999999999`: this number is too large | the largest "
       "value is 10¹⁵"},
      {"3651d", "RB0108 `3651d`: this number is too large | the longest duration is 3650d"},
      {"3650d1h", "RB0108 `3650d1h`: this number is too large | the longest duration is 3650d"},
      {"9999999GiB", "RB0108 `9999999GiB`: this number is too large | the largest value is 10¹⁵"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(lexed(c.text), std::string("bad end\nx:1:1 ") + c.found) << c.text;
}

TEST(Lexer, RefusesWhatIsNoToken) {
  const struct {
    const char* text;
    const char* found;
  } cases[] = {
      {"a \"b\nc",
       "w:a bad nl w:c end\nx:1:3 RB0105 this text is not closed | put a `\"` at its end; a text "
       "stays on one line"},
      {"\"a\\qb\"",
       "t:aqb end\nx:1:3 RB0106 `\\q` is no escape | a text knows `\\\"`, `\\\\`, `\\n` and `\\t`"},
      {"\"a\\",
       "bad end\nx:1:1 RB0105 this text is not closed | put a `\"` at its end; a text "
       "stays on one line"},
      {"a $§% b",
       "w:a bad w:b end\nx:1:3 RB0104 `$§%` means nothing here | take it out; a text stands in "
       "`\"`, a comment after `#`"},
  };
  for (const auto& c : cases) EXPECT_EQ(lexed(c.text), c.found) << c.text;
}

TEST(Lexer, OneClearErrorForWhatIsNoText) {
  const std::string zero("edition 1\n\0", 11);
  EXPECT_EQ(lexed(zero),
            "end\nx:2:1 RB0101 this is no UTF-8 text: byte 10 is 0x00 | save the file as UTF-8, if "
            "it is a runbook");
  for (const char* bad : {"\xFF", "\xC3", "\xC3(", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                          "\xF4\x90\x80\x80", "\xF0\x80\x80\x80", "\x80", "a\x01", "a\x7F"}) {
    Sink sink("x");
    EXPECT_EQ(lex(bad, sink).size(), 1U);
    EXPECT_EQ(sink.errors(), 1U);
    EXPECT_EQ(sink.diagnostics().at(0).code, "RB0101");
  }
  Sink sink("x");
  lex("# \xC2\xA7 \xE2\x82\xAC \xF0\x9F\x9A\x80", sink);
  EXPECT_FALSE(sink.has_errors());
}

TEST(Lexer, KeepsTheLimits) {
  EXPECT_EQ(lexed(std::string(core::kRunbookBytes + 1, ' ')),
            "end\nx:1:1 RB0102 the file has 1048577 bytes, more than 1048576 | a runbook is a "
            "short text; is this the right file?");
  Sink exact("x");
  lex(std::string(core::kRunbookBytes, ' '), exact);
  EXPECT_FALSE(exact.has_errors());

  for (const char* bracket : {"(", "{", "{("}) {
    std::string text;
    while (text.size() < 2 * core::kNesting) text += bracket;
    Sink sink("x");
    lex(text, sink);
    ASSERT_EQ(sink.errors(), 1U) << bracket;
    EXPECT_EQ(sink.diagnostics().at(0).message, "brackets are nested deeper than 64");
  }
  Sink sound("x");
  lex(std::string(core::kNesting, '{') + std::string(core::kNesting, '}'), sound);
  EXPECT_FALSE(sound.has_errors());

  EXPECT_EQ(lexed(std::string(129, 'a')),
            "bad end\nx:1:1 RB0102 a word of 129 bytes is too long | "
            "names are words that people can read");
  EXPECT_EQ(lexed('"' + std::string(16385, 'a') + '"'),
            "bad end\nx:1:1 RB0102 a text of 16385 bytes is too long | a text has 16384 bytes at "
            "most: it goes out in messages that brokers bound");
  Sink long_text("x");
  lex('"' + std::string(core::kWrittenTextBytes, 'a') + '"', long_text);
  EXPECT_FALSE(long_text.has_errors());
  EXPECT_EQ(lexed(std::string(100, '0') + "5"),
            "bad end\nx:1:1 RB0107 `0000000000000000000000000000000000000000…`: this number is "
            "written too long | use fewer digits");
}

TEST(Lexer, PlacesCountFromOneInBytes) {
  Sink sink("x");
  const Tokens tokens = lex("# ä\n  hold \"ä\"\n\trun", sink);
  EXPECT_EQ(tokens[0].span, (core::Span{2, 3, 2, 7}));
  EXPECT_EQ(tokens[1].span, (core::Span{2, 8, 2, 12}));
  EXPECT_EQ(tokens[3].span, (core::Span{3, 2, 3, 5}));
  EXPECT_TRUE(tokens[0].first_in_line);
  EXPECT_FALSE(tokens[1].first_in_line);
}

TEST(Lexer, KnowsTheDepthOfBraces) {
  Sink sink("x");
  const Tokens tokens = lex("a { b { } }", sink);
  std::string depths;
  for (const Token& token : tokens) depths += std::to_string(token.depth);
  EXPECT_EQ(depths, "0011100");
}

TEST(Lexer, IsLosslessForAnyText) {
  const std::string example = test::example();
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    std::string text = example;
    for (int edit = 0; edit < round % 8; ++edit)
      text[random() % text.size()] = static_cast<char>(' ' + random() % 95);
    Sink sink("x");
    const Tokens tokens = lex(text, sink);
    ASSERT_EQ(bytes_of(tokens, text), text) << "round " << round;
  }
}

}  // namespace
}  // namespace rollbook::dsl
