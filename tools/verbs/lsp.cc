// `rollbook lsp`: the language server on stdin and stdout.

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "tools/lsp/frame.h"
#include "tools/lsp/server.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

bool more_waits() {
  pollfd in{STDIN_FILENO, POLLIN, 0};
  return poll(&in, 1, 0) > 0;
}

// A byte that is no UTF-8 (a path may have one) becomes U+FFFD rather than an exception.
std::string to_body(const lsp::Json& message) {
  return message.dump(-1, ' ', false, lsp::Json::error_handler_t::replace);
}

Exit serve(const Console& console) {
  lsp::Server server(
      [&](const lsp::Json& message) { console.print(lsp::frame(to_body(message))); });
  lsp::FrameReader reader;
  std::array<char, 1 << 16> buffer{};
  while (!server.exited()) {
    const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;  // the editor is gone
    reader.feed({buffer.data(), static_cast<std::size_t>(count)});
    while (auto body = reader.next()) {
      if (*body) {
        server.receive(**body);
      } else {
        server.refuse(body->error().message);
      }
      if (server.exited()) break;
    }
    // A burst of keystrokes is compiled once, when no more of it waits.
    if (!server.exited() && !more_waits()) server.settle();
    console.flush();
  }
  return server.orderly() ? Exit::done : Exit::error;
}

}  // namespace

Verb lsp_verb() {
  auto stdio = std::make_shared<bool>(true);
  return {"lsp",
          Group::authoring,
          "the language server that editors talk to",
          {"rollbook lsp    # started by the editor, see docs/editors.md"},
          [stdio](OptionSet& set) {
            // Editors of the VS Code family say it; stdin and stdout are all there is.
            set.flag("--stdio", *stdio, "talk over stdin and stdout, as it does anyway");
          },
          [](Console& console) -> Outcome<Exit> { return serve(console); }};
}

}  // namespace rollbook::tools
