#pragma once
// LspClient: an editor's side of `rollbook lsp`, talking to the real program over its pipes. A
// program that says nothing for ten seconds fails the test that waits for it.

#include <sys/types.h>

#include <deque>
#include <string>
#include <vector>

#include "tools/lsp/frame.h"
#include "tools/lsp/json.h"

namespace rollbook::tests {

using tools::lsp::Json;

class LspClient {
 public:
  LspClient();
  ~LspClient();

  void initialize();
  // The whole answer, with `result` or `error`.
  Json ask(const std::string& method, const Json& params);
  // The `result` alone; an error fails the test.
  Json result(const std::string& method, const Json& params);
  void tell(const std::string& method, const Json& params);
  // The next message with that method, or without one; what comes before it is passed over.
  Json next(const std::string& method = "");

  void open(const std::string& uri, const std::string& text);
  // Replaces a range (UTF-16), as the next version.
  void edit(const std::string& uri, const Json& range, const std::string& text);
  // The diagnostics of the document's newest version.
  Json found(const std::string& uri);

  void write(const std::string& bytes);
  void write_body(const std::string& body) { write(tools::lsp::frame(body)); }
  void close_input();
  int wait();  // for its end; its exit code

 private:
  Json read();

  pid_t child_ = -1;
  int in_ = -1;
  int out_ = -1;
  int last_id_ = 0;
  std::map<std::string, int> versions_;
  tools::lsp::FrameReader reader_;
};

// A place in `text`: that of the `nth` occurrence of `part`, `ahead` bytes on.
Json place_of(const std::string& text, const std::string& part, std::size_t ahead = 0,
              std::size_t nth = 0);
// {"textDocument": {"uri": …}, "position": …}
Json about(const std::string& uri, const Json& position);

}  // namespace rollbook::tests
