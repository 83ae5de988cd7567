#pragma once
// HttpServer: /metrics, /healthz and /readyz on a loopback address. Answers on threads of its own;
// the functions given to it are called there and must not block.
//
//   TRY(auto server, HttpServer::start({.listen = "127.0.0.1:9464", .metrics = …, .ready = …}));
//   server->address()   // "127.0.0.1:9464"; port 0 in `listen` picks a free one

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/core/types.h"

namespace rollbook::adapters {

// Nothing: all is well. A text: why not, one line.
using Health = std::function<std::optional<std::string>()>;

struct HttpOptions {
  std::string listen;                         // "127.0.0.1:9464", "localhost:0", "[::1]:9464"
  std::function<std::string()> metrics = {};  // Prometheus' text format
  Health healthy = {};                        // /healthz: the process does its work
  Health ready = {};                          // /readyz: it has caught up and acts
};

class HttpServer {
 public:
  // Error: no such address, one beyond loopback (that needs TLS, which is not supported yet), or
  // one that is taken.
  static core::Result<std::unique_ptr<HttpServer>> start(HttpOptions options);
  // Ends its threads; requests under way are answered.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Where it listens, with the port that was picked.
  const std::string& address() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rollbook::adapters
