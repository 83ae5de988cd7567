// From a keystroke in a 500-line runbook to its diagnostics, with the real program over its pipes.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <stdexcept>

#include "dsl/compiler.h"
#include "tools/benchmarks/benchmarks.h"
#include "tools/lsp/frame.h"
#include "tools/lsp/json.h"

namespace rollbook::bench {
namespace {

using Clock = std::chrono::steady_clock;
using tools::lsp::Json;

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double quantile(std::vector<double> values, double at) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(at * static_cast<double>(values.size() - 1))];
}

// Stages that rise by a tenth of a per cent, each as a team writes them.
std::string long_runbook(std::size_t lines) {
  std::string text =
      "edition 1\n\nrunbook long {\n  service \"shop\"\n"
      "  arms by label \"version\": baseline \"old\", canary \"new\"\n  role lead, ops\n"
      "  metric requests = counter shop_requests_total\n"
      "  metric errors = counter shop_errors_total default 0\n"
      "  metric latency = histogram shop_seconds\n  metric error_rate = errors / requests\n"
      "  channel oncall = pagerduty(\"shop\")\n  action suite(phase: text)\n"
      "  guard {\n    stop error_rate > 2% over 5m for 5m\n"
      "    stop absent(requests) for 3m\n    otherwise rollback back\n  }\n"
      "  rollback back {\n    traffic 0%\n    page oncall \"Rolled back: {cause}\"\n  }\n"
      "  finish traffic 50%\n";
  std::size_t written = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  for (int stage = 1; written + 9 < lines; ++stage, written += 8) {
    const std::string number = std::to_string(stage);
    const bool last = written + 17 >= lines;
    text += "  stage canary_" + number + " {\n    traffic " +
            (last ? "50" : std::to_string(stage / 10) + "." + std::to_string(stage % 10)) +
            "%\n    hold 2h\n    run suite(phase: \"canary-" + number +
            "\") within 1h\n    expect error_rate < 1% over 5m\n"
            "    expect p99(latency) < 50ms over 5m\n    otherwise rollback back\n  }\n";
  }
  return text + "}\n";
}

// The program beside this one.
class Server {
 public:
  Server() {
    const std::string program =
        (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "rollbook").string();
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
      throw std::runtime_error("no pipes");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    std::string name = program, verb = "lsp";
    std::array<char*, 3> words{name.data(), verb.data(), nullptr};
    const int failed =
        posix_spawn(&child_, program.c_str(), &actions, nullptr, words.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    in_ = in[1];
    out_ = out[0];
    if (failed != 0) throw std::runtime_error("cannot start " + program);
  }
  ~Server() {
    close(in_);
    close(out_);
    waitpid(child_, nullptr, 0);
  }
  void send(const Json& message) {
    const std::string bytes = tools::lsp::frame(message.dump());
    if (write(in_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
      throw std::runtime_error("the server does not read");
  }
  Json receive() {
    std::array<char, 65536> buffer{};
    for (;;) {
      if (auto body = reader_.next()) return Json::parse(body->value());
      const ssize_t count = read(out_, buffer.data(), buffer.size());
      if (count <= 0) throw std::runtime_error("the server is gone");
      reader_.feed({buffer.data(), static_cast<std::size_t>(count)});
    }
  }
  // Sends a notification and waits for the diagnostics of that version.
  std::size_t settle(const Json& message, int version) {
    send(message);
    for (;;) {
      const Json answer = receive();
      if (answer.contains("method") && answer.at("params").value("version", 0) == version)
        return answer.at("params").at("diagnostics").size();
    }
  }

 private:
  pid_t child_ = -1;
  int in_ = -1;
  int out_ = -1;
  tools::lsp::FrameReader reader_;
};

Json change(int version, std::uint32_t line, std::uint32_t from, std::uint32_t to,
            const std::string& text) {
  const Json range = {{"start", {{"line", line}, {"character", from}}},
                      {"end", {{"line", line}, {"character", to}}}};
  return {{"jsonrpc", "2.0"},
          {"method", "textDocument/didChange"},
          {"params",
           {{"textDocument", {{"uri", "file:///long.runbook"}, {"version", version}}},
            {"contentChanges", Json::array({{{"range", range}, {"text", text}}})}}}};
}

double compile_milliseconds(const std::string& text) {
  std::vector<double> all;
  for (int i = 0; i < 51; ++i) {
    const Clock::time_point begin = Clock::now();
    const auto compiled = dsl::Compiler().compile("long.runbook", text, {});
    if (!compiled.plan) throw std::runtime_error("the benchmark's runbook is not valid");
    all.push_back(milliseconds_since(begin));
  }
  return quantile(all, 0.5);
}

}  // namespace

void keystroke(std::vector<Row>& rows) {
  constexpr double kAimMs = 5;
  const std::string text = long_runbook(500);
  Server server;
  server.send({{"jsonrpc", "2.0"},
               {"id", 1},
               {"method", "initialize"},
               {"params", {{"capabilities", Json::object()}}}});
  server.receive();
  server.settle({{"jsonrpc", "2.0"},
                 {"method", "textDocument/didOpen"},
                 {"params",
                  {{"textDocument",
                    {{"uri", "file:///long.runbook"},
                     {"languageId", "rollbook"},
                     {"version", 1},
                     {"text", text}}}}}},
                1);
  // `hold 2h` becomes `hold 3h` and back: the text stays valid, so every pass of the compiler runs.
  const std::size_t at = text.find("2h", text.size() / 2);
  const auto line = static_cast<std::uint32_t>(
      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  const auto column = static_cast<std::uint32_t>(at - text.rfind('\n', at) - 1);
  std::vector<double> all;
  for (int version = 2; version <= 401; ++version) {
    const Clock::time_point begin = Clock::now();
    server.settle(change(version, line, column, column + 1, version % 2 == 0 ? "3" : "2"), version);
    all.push_back(milliseconds_since(begin));
  }
  const double median = quantile(all, 0.5);
  const double bare = compile_milliseconds(text);
  char p99[64];
  std::snprintf(p99, sizeof p99, "%.3g ms (p99 %.3g ms)", median, quantile(all, 0.99));
  rows.push_back({"keystroke in a 500-line runbook to diagnostics", p99,
                  number(bare, "ms") + " (compiling it)", number(median / bare, "×"), "< 5 ms",
                  median < kAimMs});
}

}  // namespace rollbook::bench
