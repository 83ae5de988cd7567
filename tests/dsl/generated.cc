#include "tests/dsl/generated.h"

#include <random>
#include <vector>

#include "dsl/lexer.h"

namespace rollbook::dsl::test {
namespace {

class Chance {
 public:
  explicit Chance(std::uint32_t seed) : random_(seed) {}
  // From 0 up to `most`.
  std::uint32_t upto(std::uint32_t most) {
    return static_cast<std::uint32_t>(random_() % (most + 1));
  }
  bool maybe(std::uint32_t of_ten = 5) { return random_() % 10 < of_ten; }
  template <class... Texts>
  std::string one_of(Texts... texts) {
    const std::vector<std::string> all{texts...};
    return all[random_() % all.size()];
  }

 private:
  std::mt19937 random_;
};

class Writer {
 public:
  explicit Writer(std::uint32_t seed) : chance_(seed) {}

  std::string run() {
    line("edition 1");
    line("runbook generated {");
    declarations();
    if (chance_.maybe()) require();
    if (chance_.maybe()) setup();
    guard();
    const bool based = chance_.maybe(7);
    if (based) stage_template();
    const std::uint32_t count = 1 + chance_.upto(3);
    for (std::uint32_t i = 0; i < count; ++i) stage(i, based);
    decision();
    rollbacks();
    success(count);
    line("}");
    return text_;
  }

 private:
  void line(const std::string& text) { text_ += text + "\n"; }
  std::string duration() { return chance_.one_of("5m", "90s", "1h30m", "wait", "2h"); }
  std::string ratio() { return chance_.one_of("0.5%", "limit", "1.25%", "0.01%"); }

  std::string condition(const char* comparison) {
    const std::string over = " over " + chance_.one_of("5m", "1m", "10m");
    switch (chance_.upto(4)) {
      case 0:
        return "error_rate " + std::string(comparison) + " " + ratio() + over;
      case 1:
        return "errors / requests " + std::string(comparison) + " limit * 50%" + over;
      case 2:
        return chance_.one_of("p99", "p50", "p99.9") + "(latency) " + comparison + " 50ms" + over;
      case 3:
        return "canary.rate(requests) " + std::string(comparison) + " 5/s" + over;
      default:
        return "queue " + std::string(comparison) + " (10 + 20) * 2" + over;
    }
  }

  void declarations() {
    if (chance_.maybe()) line("title \"made {{by chance}}\"");
    line("service \"shop\"");
    line("arms by label \"version\": baseline \"old\", canary \"new\"");
    if (chance_.maybe()) line("load 900/s peak, 120/s trough");
    line("param limit: ratio = 0.4% from 0.1% to 1%");
    line("param wait: duration = 3h");
    line("param phase: text = \"first \\\"one\\\"\"");
    line("role lead, owner, sre");
    line("metric requests = counter requests_total by region, endpoint");
    line("metric errors = counter \"http.errors\"{code=~\"5..\", region!=\"eu\"} default 0");
    line("metric latency = histogram in ms duration_ms");
    line("metric queue = gauge max queue_length");
    line("metric error_rate = errors / requests");
    line("channel mail = smtp(\"a@example.com\")");
    line("channel oncall = pagerduty(\"shop\")");
    line("action suite(phase: text, share: ratio)");
    if (chance_.maybe()) line("advance only Mon-Thu, Sat 09:00-17:00 \"Europe/Berlin\"");
    if (chance_.maybe(3)) line("after runbook shadow");
  }

  void require() {
    line("require {");
    line("expect total.count(requests) > 100 over 1h");
    line("confirm \"Ready\" by any of lead, owner");
    line("within 48h otherwise end");
    line("}");
  }
  void setup() {
    line("setup {");
    if (chance_.maybe()) line("checkpoint \"before\" within 10m");
    line("notify mail, oncall \"Starting {service}\"");
    line("}");
  }
  void guard() {
    line("guard {");
    const std::uint32_t stops = 1 + chance_.upto(3);
    for (std::uint32_t i = 0; i < stops; ++i) {
      line("stop " + condition(">") + (chance_.maybe() ? " for 2m" : "") +
           (chance_.maybe(3) ? " at least 50 requests" : ""));
    }
    line("stop absent(requests) for 3m");
    line("otherwise rollback automatic");
    line("}");
  }
  void stage_template() {
    line("template based {");
    if (chance_.maybe()) line("on enter { start suite(phase: phase, share: limit) }");
    if (chance_.maybe()) line("on exit { report stage }");
    line("expect low: " + condition("<"));
    if (chance_.maybe()) line("confirm \"No complaints\" by owner");
    line("within 24h otherwise " + chance_.one_of("decide verdict", "rollback gradual"));
    line("}");
  }
  void stage(std::uint32_t number, bool based) {
    const std::string name = "stage s" + std::to_string(number);
    line(name + (based ? " using based {" : " {"));
    const std::string weight = std::to_string(5 * (number + 1)) + "%";
    if (chance_.maybe(7)) {
      line("traffic " + weight + (chance_.maybe() ? " within 10m" : ""));
    } else {
      line("ramp traffic to " + weight + " over 30m" + (chance_.maybe() ? " every 5m" : ""));
    }
    if (chance_.maybe(8)) hold();
    if (chance_.maybe()) line("run suite(phase: \"s\", share: 10%) within " + duration());
    if (based && chance_.maybe(4)) line("replace expect low: " + condition("<"));
    if (chance_.maybe()) line("expect own: " + condition("<") + (chance_.maybe() ? " for 1m" : ""));
    if (!based || chance_.maybe(3)) {
      line(chance_.maybe() ? "within wait otherwise rollback gradual" : "otherwise decide verdict");
    }
    line("}");
  }
  void hold() {
    const std::string head = "hold wait" + chance_.one_of("", " at most 40h");
    if (chance_.maybe()) return line(head);
    line(head + " {");
    line("run suite(phase: phase, share: 5%) within 1h");
    if (chance_.maybe()) line("notify mail \"Holding\"");
    line("}");
  }
  void decision() {
    line("decide verdict {");
    line("by " + chance_.one_of("all of lead, owner", "2 of sre", "lead"));
    line("ask mail, oncall" + chance_.one_of("", ", remind every 4h"));
    line("within 24h otherwise rollback automatic");
    line("option proceed \"Go on\" next");
    if (chance_.maybe()) line("option back \"Roll it back\" rollback gradual");
    line("}");
  }
  void rollbacks() {
    line("rollback automatic {");
    line("traffic 0%");
    if (chance_.maybe()) line("open incident(severity: high)");
    line("page oncall \"Rolled back: {cause}\"");
    line("}");
    line("rollback gradual {");
    line("ramp traffic to 0% over 30m");
    line("}");
  }
  void success(std::uint32_t stages) {
    line("success {");
    line("expect " + condition("<"));
    if (chance_.maybe()) line("confirm \"Accepted\" by all of lead, owner");
    line("within 24h otherwise rollback gradual");
    line("finish traffic " + std::to_string(5 * stages) + "%");
    line("}");
  }

  Chance chance_;
  std::string text_;
};

class Shaker {
 public:
  Shaker(const std::string& text, std::uint32_t seed) : text_(text), chance_(seed) {}

  std::string run() {
    Sink sink("");
    const Tokens tokens = lex(text_, sink);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const Token& token = tokens[i];
      if (token.is(Token::Kind::end)) break;
      if (token.is(Token::Kind::newline)) {
        newline();
        continue;
      }
      between(i, tokens);
      out_ += text_.substr(token.begin, token.end - token.begin);
    }
    return out_;
  }

 private:
  std::string blanks(std::uint32_t most) {
    if (chance_.maybe(1)) return "\t";
    return std::string(chance_.upto(most), ' ');
  }
  std::string comment() {
    return chance_.one_of("# why", "#", "#   indented", "# \xC3\xA4lter \xE2\x80\xA6 {", "# a # b");
  }

  void between(std::size_t i, const Tokens& tokens) {
    if (i == 0 || tokens[i - 1].is(Token::Kind::newline)) {
      out_ += blanks(8);
      return;
    }
    const Token& before = tokens[i - 1];
    const bool apart = before.end < tokens[i].begin;
    // A line may be broken after a comma and after an operator, but for a name's own `.`.
    const bool breakable = before.is_symbol(",") || before.is_symbol("<") || before.is_symbol("*");
    if (breakable && chance_.maybe(1)) {
      out_ += blanks(2) + (chance_.maybe(3) ? comment() : "") + "\n" + blanks(8);
      if (chance_.maybe(2)) out_ += comment() + "\n" + blanks(3);
      return;
    }
    // `p99.9` is one word before its parenthesis only.
    const bool sticks = before.value.find('.') != std::string::npos;
    out_ += apart ? " " + (chance_.maybe(3) ? blanks(5) : "")
                  : (chance_.maybe(1) && !sticks ? " " : "");
  }

  void newline() {
    if (chance_.maybe(2)) out_ += blanks(6) + comment();
    if (chance_.maybe(1)) out_ += "\r";
    out_ += "\n";
    while (chance_.maybe(2)) out_ += blanks(3) + (chance_.maybe() ? comment() : "") + "\n";
  }

  const std::string& text_;
  Chance chance_;
  std::string out_;
};

}  // namespace

std::string generated_runbook(std::uint32_t seed) { return Writer(seed).run(); }

std::string shaken(const std::string& text, std::uint32_t seed) { return Shaker(text, seed).run(); }

}  // namespace rollbook::dsl::test
