// Bytes as an editor might send them, to the language server: once as they are, as a stream of
// frames that comes in two pieces, and once a message a line. Every answer is JSON of the
// protocol, and the server stays up.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tools/lsp/frame.h"
#include "tools/lsp/server.h"

namespace {

using namespace rollbook::tools::lsp;

void check(const Json& message) {
  if (!message.is_object() || message.value("jsonrpc", "") != "2.0") std::abort();
  (void)message.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void receive_all(FrameReader& reader, Server& server) {
  while (auto body = reader.next()) {
    if (*body) {
      server.receive(**body);
    } else {
      server.refuse(body->error().message);
    }
  }
}

void as_stream(std::string_view bytes) {
  Server server(check);
  FrameReader reader;
  const std::size_t half = bytes.size() / 2;
  reader.feed(bytes.substr(0, half));
  receive_all(reader, server);
  reader.feed(bytes.substr(half));
  receive_all(reader, server);
  server.settle();
}

void by_line(std::string_view bytes) {
  Server server(check);
  server.receive(R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{}})");
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    server.receive(std::string(bytes.substr(0, end)));
    server.settle();
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  as_stream(bytes);
  by_line(bytes);
  return 0;
}
