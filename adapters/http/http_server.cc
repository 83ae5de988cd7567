#include "adapters/http/http_server.h"

#include <CivetServer.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace rollbook::adapters {
namespace {

using core::fail;
using core::Result;

struct Address {
  std::string host;  // as civetweb has it: "127.0.0.1", "[::1]"
  int port = 0;
};

bool is_loopback_v4(std::string_view host) {
  if (!host.starts_with("127.")) return false;
  int dots = 0;
  int value = 0;
  int digits = 0;
  for (const char c : host) {
    if (c == '.') {
      if (digits == 0) return false;
      ++dots;
      value = digits = 0;
    } else if (c >= '0' && c <= '9') {
      value = value * 10 + (c - '0');
      if (++digits > 3 || value > 255) return false;
    } else {
      return false;
    }
  }
  return dots == 3 && digits > 0;
}

Result<Address> parse_address(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  Address address;
  if (colon != std::string::npos) {
    const char* end = listen.data() + listen.size();
    const auto [stopped, error] = std::from_chars(listen.data() + colon + 1, end, address.port);
    if (error != std::errc{} || stopped != end || address.port < 0 || address.port > 65'535) {
      return fail(fmt::format("`{}` is no address to listen on, such as 127.0.0.1:9464", listen));
    }
  }
  if (colon == std::string::npos || colon == 0) {
    return fail(fmt::format("`{}` is no address to listen on, such as 127.0.0.1:9464", listen));
  }
  address.host = listen.substr(0, colon);
  if (address.host == "localhost") address.host = "127.0.0.1";
  if (address.host != "[::1]" && !is_loopback_v4(address.host)) {
    return fail(
        fmt::format("`{}` is beyond loopback, which needs TLS, and that is not supported yet; "
                    "listen on 127.0.0.1:{} and put a proxy before it",
                    listen, address.port));
  }
  return address;
}

void answer(mg_connection* connection, int status, std::string_view reason,
            std::string_view content_type, const std::string& body) {
  const std::string head = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
      "Connection: close\r\n\r\n",
      status, reason, content_type, body.size());
  mg_write(connection, head.data(), head.size());
  const std::string_view method = mg_get_request_info(connection)->request_method;
  if (method != "HEAD") mg_write(connection, body.data(), body.size());
}

// A page for one path; deeper paths and other methods are refused.
class Page : public CivetHandler {
 public:
  Page(std::string path, std::function<void(mg_connection*)> show)
      : path_(std::move(path)), show_(std::move(show)) {}

  bool handleGet(CivetServer*, mg_connection* connection) override {
    if (path_ == mg_get_request_info(connection)->local_uri) {
      show_(connection);
    } else {
      answer(connection, 404, "Not Found", "text/plain; charset=utf-8",
             "there are /metrics, /healthz and /readyz\n");
    }
    return true;
  }
  bool handleHead(CivetServer* server, mg_connection* connection) override {
    return handleGet(server, connection);
  }
  bool handlePost(CivetServer*, mg_connection* connection) override { return refuse(connection); }
  bool handlePut(CivetServer*, mg_connection* connection) override { return refuse(connection); }
  bool handleDelete(CivetServer*, mg_connection* connection) override { return refuse(connection); }
  bool handlePatch(CivetServer*, mg_connection* connection) override { return refuse(connection); }
  bool handleOptions(CivetServer*, mg_connection* connection) override {
    return refuse(connection);
  }

 private:
  static bool refuse(mg_connection* connection) {
    answer(connection, 405, "Method Not Allowed", "text/plain; charset=utf-8",
           "only GET and HEAD\n");
    return true;
  }

  std::string path_;
  std::function<void(mg_connection*)> show_;
};

void show_health(mg_connection* connection, const Health& health) {
  const auto reason = health ? health() : std::nullopt;
  answer(connection, reason ? 503 : 200, reason ? "Service Unavailable" : "OK",
         "text/plain; charset=utf-8", reason ? *reason + "\n" : "ok\n");
}

void knock(bool ipv6, int port) {
  const auto number = htons(static_cast<std::uint16_t>(port));
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = number;
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = number;
  v6.sin6_addr = in6addr_loopback;
  const int socket = ::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (socket < 0) return;
  connect(socket, ipv6 ? reinterpret_cast<const sockaddr*>(&v6) : reinterpret_cast<sockaddr*>(&v4),
          ipv6 ? sizeof(v6) : sizeof(v4));
  close(socket);
}

}  // namespace

class HttpServer::Impl {
 public:
  explicit Impl(HttpOptions given) : options(std::move(given)) {
    pages.push_back(std::make_unique<Page>("/metrics", [this](mg_connection* connection) {
      answer(connection, 200, "OK", "text/plain; version=0.0.4; charset=utf-8",
             options.metrics ? options.metrics() : "");
    }));
    pages.push_back(std::make_unique<Page>("/healthz", [this](mg_connection* connection) {
      show_health(connection, options.healthy);
    }));
    pages.push_back(std::make_unique<Page>(
        "/readyz", [this](mg_connection* connection) { show_health(connection, options.ready); }));
    // Every other path: the handler of "/" is asked last.
    pages.push_back(std::make_unique<Page>("", [](mg_connection*) {}));
  }

  HttpOptions options;
  std::string address;
  bool ipv6 = false;
  int port = 0;
  std::vector<std::unique_ptr<Page>> pages;
  std::unique_ptr<CivetServer> server;  // last: its threads use all above
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

// civetweb's acceptor looks at its stop flag every two seconds or when somebody connects: a knock
// at the door lets the process end at once.
HttpServer::~HttpServer() {
  const std::jthread knocker([this](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    while (!stopped.wait_for(lock, stop, std::chrono::milliseconds(10), [] { return false; }) &&
           !stop.stop_requested()) {
      knock(impl_->ipv6, impl_->port);
    }
  });
  impl_->server.reset();
}

const std::string& HttpServer::address() const { return impl_->address; }

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpOptions options) {
  TRY(const Address address, parse_address(options.listen));
  const std::string listen = fmt::format("{}:{}", address.host, address.port);
  auto impl = std::make_unique<Impl>(std::move(options));
  try {
    impl->server = std::make_unique<CivetServer>(std::vector<std::string>{
        "listening_ports", listen, "num_threads", "2", "request_timeout_ms", "5000",
        "keep_alive_timeout_ms", "0", "enable_directory_listing", "no"});
  } catch (const CivetException&) {
    return fail(fmt::format(
        "cannot listen on {}: it is taken or not there; choose another with --listen", listen));
  }
  const std::vector<int> ports = impl->server->getListeningPorts();
  impl->port = ports.empty() ? address.port : ports.front();
  impl->ipv6 = address.host.starts_with('[');
  impl->address = fmt::format("{}:{}", address.host, impl->port);
  const char* paths[] = {"/metrics", "/healthz", "/readyz", "/"};
  for (std::size_t i = 0; i < impl->pages.size(); ++i) {
    impl->server->addHandler(paths[i], *impl->pages[i]);
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace rollbook::adapters
