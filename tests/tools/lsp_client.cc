#include "tests/tools/lsp_client.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "tests/paths.h"
#include "tools/lsp/text.h"

namespace rollbook::tests {

LspClient::LspClient() {
  signal(SIGPIPE, SIG_IGN);  // a server that went away fails the test by its silence
  const std::string program = std::string(ROLLBOOK_BINARY_DIR) + "/rollbook";
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipes");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  std::string name = program, verb = "lsp";
  std::array<char*, 3> words{name.data(), verb.data(), nullptr};
  std::array<char*, 1> environment{nullptr};
  const int failed =
      posix_spawn(&child_, program.c_str(), &actions, nullptr, words.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  in_ = in[1];
  out_ = out[0];
  if (failed != 0) throw std::runtime_error("cannot start " + program);
}

LspClient::~LspClient() {
  close_input();
  if (child_ > 0) wait();
  ::close(out_);
}

void LspClient::close_input() {
  if (in_ >= 0) ::close(in_);
  in_ = -1;
}

int LspClient::wait() {
  int status = 0;
  waitpid(child_, &status, 0);
  child_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void LspClient::write(const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = ::write(in_, bytes.data() + sent, bytes.size() - sent);
    if (count <= 0) throw std::runtime_error("the server does not read");
    sent += static_cast<std::size_t>(count);
  }
}

Json LspClient::read() {
  constexpr int kPatienceMs = 10'000;
  for (;;) {
    if (auto body = reader_.next()) {
      if (!*body) throw std::runtime_error("no frame: " + body->error().message);
      return Json::parse(**body);
    }
    pollfd waiting{out_, POLLIN, 0};
    if (poll(&waiting, 1, kPatienceMs) <= 0) throw std::runtime_error("the server says nothing");
    std::array<char, 65536> buffer{};
    const ssize_t count = ::read(out_, buffer.data(), buffer.size());
    if (count <= 0) throw std::runtime_error("the server is gone");
    reader_.feed({buffer.data(), static_cast<std::size_t>(count)});
  }
}

Json LspClient::next(const std::string& method) {
  for (;;) {
    Json message = read();
    if (message.value("method", "") == method) return message;
  }
}

Json LspClient::ask(const std::string& method, const Json& params) {
  const int id = ++last_id_;
  write_body(Json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}.dump());
  Json answer = next();
  EXPECT_EQ(answer.at("id"), id);
  return answer;
}

Json LspClient::result(const std::string& method, const Json& params) {
  const Json answer = ask(method, params);
  EXPECT_FALSE(answer.contains("error")) << answer;
  return answer.value("result", Json());
}

void LspClient::tell(const std::string& method, const Json& params) {
  write_body(Json{{"jsonrpc", "2.0"}, {"method", method}, {"params", params}}.dump());
}

void LspClient::initialize() {
  result("initialize", {{"processId", nullptr}, {"capabilities", Json::object()}});
  tell("initialized", Json::object());
}

void LspClient::open(const std::string& uri, const std::string& text) {
  versions_[uri] = 1;
  tell("textDocument/didOpen",
       {{"textDocument",
         {{"uri", uri}, {"languageId", "rollbook"}, {"version", 1}, {"text", text}}}});
}

void LspClient::edit(const std::string& uri, const Json& range, const std::string& text) {
  tell("textDocument/didChange",
       {{"textDocument", {{"uri", uri}, {"version", ++versions_[uri]}}},
        {"contentChanges", Json::array({{{"range", range}, {"text", text}}})}});
}

Json LspClient::found(const std::string& uri) {
  for (;;) {
    const Json params = next("textDocument/publishDiagnostics").at("params");
    if (params.at("uri") == uri && params.value("version", 0) == versions_[uri])
      return params.at("diagnostics");
  }
}

Json place_of(const std::string& text, const std::string& part, std::size_t ahead,
              std::size_t nth) {
  std::size_t at = text.find(part);
  for (; nth > 0 && at != std::string::npos; --nth) at = text.find(part, at + 1);
  if (at == std::string::npos) throw std::runtime_error("the text has no `" + part + "`");
  return tools::lsp::to_json(tools::lsp::Text(text).position(at + ahead));
}

Json about(const std::string& uri, const Json& position) {
  return {{"textDocument", {{"uri", uri}}}, {"position", position}};
}

}  // namespace rollbook::tests
