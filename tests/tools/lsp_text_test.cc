// The parts below the protocol: frames out of bytes, and places in a text.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tools/lsp/document.h"
#include "tools/lsp/frame.h"
#include "tools/lsp/text.h"

namespace rollbook::tools::lsp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// What comes out, errors behind "!".
std::vector<std::string> frames(FrameReader& reader, const std::string& bytes, std::size_t piece) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    reader.feed(std::string_view(bytes).substr(at, piece));
    while (auto body = reader.next()) all.push_back(*body ? **body : "!" + body->error().message);
  }
  return all;
}
std::vector<std::string> frames(const std::string& bytes, std::size_t piece = 1) {
  FrameReader reader;
  return frames(reader, bytes, piece);
}

TEST(FrameReader, TakesBytesInAnyPieces) {
  const std::string bytes = frame("one") + frame("") + frame("three\r\n\r\n");
  for (std::size_t piece = 1; piece < bytes.size(); ++piece)
    EXPECT_THAT(frames(bytes, piece), ElementsAre("one", "", "three\r\n\r\n")) << piece;
  EXPECT_THAT(frames("content-length:3\r\nContent-Type: x; charset=utf-8\r\n\r\nabc"),
              ElementsAre("abc"));
}

TEST(FrameReader, SaysWhatIsNoFrameAndGoesOn) {
  struct Case {
    std::string bad;
    const char* reason;
  };
  const Case cases[] = {
      {"Content-Length: x\r\n\r\n", "!`Content-Length` is no number of bytes"},
      {"Content-Length: -1\r\n\r\n", "!`Content-Length` is no number of bytes"},
      {"Content-Length:\r\n\r\n", "!`Content-Length` is no number of bytes"},
      {"Content-Length: 99999999999999999999999\r\n\r\n",
       "!`Content-Length` is no number of bytes"},
      {"Content-Type: x\r\n\r\n", "!a header without `Content-Length`"},
      {"\r\n\r\n", "!a header without `Content-Length`"},
      {"GET / HTTP/1.1\r\n\r\n", "!a header line without a `:`"},
      {std::string(kHeaderBytes + 1, 'x'), "!a header longer than 4096 bytes"},
  };
  for (const Case& one : cases)
    for (const std::size_t piece : {1UL, 7UL, 100000UL})
      EXPECT_THAT(frames(one.bad + frame("good"), piece), ElementsAre(one.reason, "good"))
          << one.bad.substr(0, 40) << " " << piece;
}

TEST(FrameReader, PassesOverABodyThatIsTooLarge) {
  const std::string big(kBodyBytes + 1, 'x');
  EXPECT_THAT(frames(frame(big) + frame("good"), 1 << 20),
              ElementsAre("!a message of 8388609 bytes, more than 8388608", "good"));
}

TEST(FrameReader, SurvivesNoise) {
  std::mt19937 random(7);
  const std::string pieces[] = {"Content-Length: ",  "\r\n", "\r\n\r\n", "5", "9", "{}", "x", ":",
                                std::string(1, '\0')};
  for (int round = 0; round < 2000; ++round) {
    std::string noise;
    for (int i = 0; i < 40; ++i) noise += pieces[random() % std::size(pieces)];
    FrameReader reader;
    frames(reader, noise, 1 + random() % 50);
  }
}

TEST(Text, CountsColumnsInUtf16Units) {
  const Text text("aé€🚀b\nx");
  EXPECT_EQ(text.position(0), (Position{0, 0}));
  EXPECT_EQ(text.position(1), (Position{0, 1}));    // é
  EXPECT_EQ(text.position(3), (Position{0, 2}));    // €
  EXPECT_EQ(text.position(6), (Position{0, 3}));    // 🚀
  EXPECT_EQ(text.position(10), (Position{0, 5}));   // b
  EXPECT_EQ(text.position(12), (Position{1, 0}));   // x
  EXPECT_EQ(text.position(999), (Position{1, 1}));  // the end
  EXPECT_EQ(text.offset(Position{0, 3}), 6U);
  EXPECT_EQ(text.offset(Position{0, 4}), 6U);  // within the surrogates: its begin
  EXPECT_EQ(text.offset(Position{0, 5}), 10U);
  EXPECT_EQ(text.offset(Position{0, 99}), 11U);  // beyond the line: its end
  EXPECT_EQ(text.offset(Position{9, 0}), 13U);
}

TEST(Text, KnowsTheLineEndsOfBothCounts) {
  const Text text("a\r\nb\rc\nd");
  EXPECT_EQ(text.position(5), (Position{2, 0}));  // the protocol: `\r` alone ends a line
  EXPECT_EQ(text.place(5).line, 2U);              // the compiler: it does not
  EXPECT_EQ(text.place(5).column, 3U);
  EXPECT_EQ(text.offset(Position{0, 99}), 1U);
  EXPECT_EQ(text.offset(2, 3), 5U);
  EXPECT_EQ(text.offset(99, 1), text.bytes().size());
}

TEST(Text, EveryOffsetAtACharacterComesBack) {
  const Text text("stage s {  # 🚀é\r\n  hold 2h\n\n}\n€");
  for (std::size_t offset = 0; offset <= text.bytes().size(); ++offset) {
    const bool inside = offset < text.bytes().size() &&
                        (static_cast<unsigned char>(text.bytes()[offset]) & 0xC0) == 0x80;
    const bool in_line_end = offset > 0 && offset < text.bytes().size() &&
                             text.bytes()[offset - 1] == '\r' && text.bytes()[offset] == '\n';
    if (inside || in_line_end) continue;
    EXPECT_EQ(text.offset(text.position(offset)), offset);
  }
}

TEST(Text, ReplacesRanges) {
  Text text("a🚀b\nc");
  text.replace({{0, 1}, {0, 3}}, "é");
  EXPECT_EQ(text.bytes(), "aéb\nc");
  text.replace({{0, 2}, {1, 1}}, "\n\n");
  EXPECT_EQ(text.bytes(), "aé\n\n");
  text.replace({{5, 0}, {9, 0}}, "end");
  EXPECT_EQ(text.bytes(), "aé\n\nend");
  text.replace({{0, 2}, {0, 0}}, "!");  // turned round: nothing is taken away
  EXPECT_EQ(text.bytes(), "aé!\n\nend");
}

TEST(PathOf, UnescapesFileUris) {
  EXPECT_EQ(path_of("file:///a%20b/%C3%A9.runbook"), "/a b/é.runbook");
  EXPECT_EQ(path_of("file://host/a"), "/a");
  EXPECT_EQ(path_of("file:///a%zz%2"), "/a%zz%2");
  EXPECT_EQ(path_of("untitled:Untitled-1"), "untitled:Untitled-1");
}

}  // namespace
}  // namespace rollbook::tools::lsp
