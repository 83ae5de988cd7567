#pragma once
// Server: the language server without its pipes. It takes the bodies of messages, answers requests
// in their order, keeps the open documents, and publishes what is wrong with them. One thread.
//
//   Server server([&](const Json& message) { write(frame(message.dump())); });
//   while (auto body = reader.next()) server.receive(*body);
//   server.settle();   // nothing waits: now diagnostics are worth their time

#include <functional>
#include <map>
#include <set>
#include <string>

#include "tools/lsp/json.h"
#include "tools/lsp/workspace.h"

namespace rollbook::tools::lsp {

class Server {
 public:
  using Send = std::function<void(const Json&)>;
  explicit Server(Send send) : send_(std::move(send)) {}
  Server(const Server&) = delete;  // its documents read from its workspace
  Server& operator=(const Server&) = delete;

  void receive(const std::string& body);
  // What came was no message: said with the protocol's error for it.
  void refuse(const std::string& reason);
  // Publishes the diagnostics of what was opened or changed since the last call.
  void settle();

  bool exited() const { return exited_; }
  // It was told to shut down before it was told to exit.
  bool orderly() const { return shut_down_; }

 private:
  struct Request {
    std::string method;
    const Json& params;
  };
  void handle(const Json& message);
  void notify(const Request& notification);
  Json answer(const Request& request);
  core::Result<Json> answer_about(Document& document, const Request& request);
  void take_root(const Json& params);
  void changed(const Document& document);
  void open(const Json& params);
  void change(const Json& params);
  void close(const Json& params);
  Document* find(const Json& params);
  void reply(const Json& id, const Json& result);
  void fail(const Json& id, int code, const std::string& message);

  Send send_;
  bool initialized_ = false;
  bool shut_down_ = false;
  bool exited_ = false;
  Workspace workspace_;
  std::set<std::string> dirty_;  // URIs whose diagnostics are owed
};

}  // namespace rollbook::tools::lsp
