#include "tests/dsl/embedding.h"

#include <set>
#include <vector>

namespace rollbook::dsl {

namespace {

constexpr std::string_view kHead = R"(service "shop"
arms by label "version": baseline "old", canary "new"
role lead, owner
metric requests = counter requests_total
metric errors = counter errors_total default 0
metric latency = histogram duration_seconds
metric error_rate = errors / requests
channel mail = smtp("a@example.com")
channel oncall = pagerduty("shop")
action suite(phase: text)
)";
constexpr std::string_view kGuard = R"(stop error_rate > 1% over 5m
stop p99(latency) > 50ms over 5m
stop absent(requests) for 3m
otherwise rollback automatic
)";
constexpr std::string_view kStage = R"(traffic 10%
hold 1h
run suite(phase: "first")
expect error_rate < 0.5% over 5m
confirm "Fine" by lead
within 2h otherwise decide verdict
)";
constexpr std::string_view kDecide = R"(by all of lead, owner
ask mail, oncall
within 1h otherwise rollback automatic
option go "Go on" next
)";
constexpr std::string_view kRollback = R"(traffic 0%
page oncall "Back"
)";

// The statements of a text, each with its block and its last newline.
std::vector<std::string> statements(std::string_view text) {
  std::vector<std::string> all;
  std::string open;
  int depth = 0;
  for (const char c : std::string(text) + "\n") {
    open += c;
    depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    if (c != '\n' || depth > 0) continue;
    if (open != "\n") all.push_back(open);
    open.clear();
  }
  return all;
}

std::string word(const std::string& text, std::size_t number) {
  std::size_t at = 0;
  while (number-- > 0) at = text.find_first_not_of(' ', text.find_first_of(" (\n", at));
  return text.substr(at, text.find_first_of(" (\n", at) - at);
}

// What makes two statements the same one: `metric errors`, `hold`; "" for what may stand often.
std::string key_of(const std::string& statement) {
  static const std::set<std::string> kNamed = {"metric", "channel",  "action",
                                               "stage",  "rollback", "decide"};
  static const std::set<std::string> kOne = {"service", "arms", "role",   "guard",
                                             "traffic", "hold", "within", "otherwise",
                                             "by",      "ask",  "load",   "finish"};
  const std::string first = word(statement, 0);
  if (kNamed.contains(first)) return first + " " + word(statement, 1);
  return kOne.contains(first) ? first : "";
}

std::string merged(std::string_view base, std::string_view example) {
  std::vector<std::string> body = statements(base);
  std::set<std::size_t> taken;
  for (const std::string& statement : statements(example)) {
    const std::string key = key_of(statement);
    std::size_t row = 0;
    while (row < body.size() && (key.empty() || taken.contains(row) || key_of(body[row]) != key)) {
      ++row;
    }
    taken.insert(row);
    if (row == body.size()) {
      body.push_back(statement);
    } else {
      body[row] = statement;
    }
  }
  std::string text;
  for (const std::string& statement : body) text += statement;
  return text;
}

}  // namespace

std::string embedded(Explanation::Where where, std::string_view example) {
  using Where = Explanation::Where;
  if (where == Where::file || where == Where::scenario) return std::string(example);
  const auto part = [&](Where at, std::string_view base) {
    return merged(base, where == at ? example : std::string_view());
  };
  std::string imports;
  if (where == Where::importing) {
    const std::size_t line = std::min(example.find('\n'), example.size());
    imports = std::string(example.substr(0, line)) + "\n";
    example.remove_prefix(line);
    where = Where::runbook;
  }
  const std::string body =
      std::string(kHead) + "guard {\n" + part(Where::guard, kGuard) + "}\n" + "stage first {\n" +
      part(Where::stage, kStage) + "}\n" + "decide verdict {\n" + part(Where::decide, kDecide) +
      "}\n" + "rollback automatic {\n" + std::string(kRollback) + "}\n" + "finish traffic 10%\n";
  return "edition 1\n" + imports + "runbook shop {\n" + part(Where::runbook, body) + "}\n";
}

}  // namespace rollbook::dsl
