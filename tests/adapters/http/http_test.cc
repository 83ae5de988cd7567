#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/http/http_server.h"
#include "adapters/http/metrics.h"

namespace rollbook::adapters {
namespace {

// The whole answer to one request, read until the server closes.
std::string request(const std::string& address, const std::string& method,
                    const std::string& path) {
  const std::size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  if (connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
    close(socket);
    return "no connection";
  }
  const std::string text = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::string answer;
  if (send(socket, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size())) {
    char buffer[4096];
    for (ssize_t n = 0; (n = recv(socket, buffer, sizeof(buffer), 0)) > 0;) {
      answer.append(buffer, static_cast<std::size_t>(n));
    }
  }
  close(socket);
  return answer;
}
std::string body(const std::string& answer) {
  const std::size_t at = answer.find("\r\n\r\n");
  return at == std::string::npos ? answer : answer.substr(at + 4);
}

class HttpTest : public testing::Test {
 protected:
  void SetUp() override {
    auto started = HttpServer::start({.listen = "127.0.0.1:0",
                                      .metrics = [this] { return metrics_.text(); },
                                      .healthy = [] { return std::nullopt; },
                                      .ready = [this] { return not_ready_; }});
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }
  std::string get(const std::string& path) { return request(server_->address(), "GET", path); }

  Metrics metrics_;
  std::optional<std::string> not_ready_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpTest, MetricsArePrometheusText) {
  metrics_.counter("rollbook_points_total", "Points read", {{"topic", "metrics"}}).add(3);
  metrics_.counter("rollbook_points_total", "Points read", {{"topic", "metrics"}}).add();
  metrics_.counter("rollbook_points_total", "Points read", {{"topic", "other"}}).add();
  metrics_.gauge("rollbook_rollouts", "Active rollouts").set(2);
  metrics_.histogram("rollbook_turn_seconds", "Turns", {0.001, 0.01}).observe(0.005);
  const std::string answer = get("/metrics");
  EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, testing::HasSubstr("Content-Type: text/plain; version=0.0.4"));
  EXPECT_THAT(answer, testing::HasSubstr("# TYPE rollbook_points_total counter\n"));
  EXPECT_THAT(answer, testing::HasSubstr("rollbook_points_total{topic=\"metrics\"} 4\n"));
  EXPECT_THAT(answer, testing::HasSubstr("rollbook_points_total{topic=\"other\"} 1\n"));
  EXPECT_THAT(answer, testing::HasSubstr("rollbook_rollouts 2\n"));
  EXPECT_THAT(answer, testing::HasSubstr("rollbook_turn_seconds_bucket{le=\"0.01\"} 1\n"));
}

TEST_F(HttpTest, HealthAndReadinessSayWhyNot) {
  EXPECT_EQ(body(get("/healthz")), "ok\n");
  EXPECT_THAT(get("/readyz"), testing::StartsWith("HTTP/1.1 200 OK\r\n"));
  not_ready_ = "catching up with bus";
  const std::string answer = get("/readyz");
  EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_EQ(body(answer), "catching up with bus\n");
}

TEST_F(HttpTest, OtherPathsAndMethodsAreRefused) {
  EXPECT_THAT(get("/"), testing::StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/metrics/x"), testing::StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/../etc/passwd"), testing::Not(testing::HasSubstr("root:")));
  EXPECT_THAT(request(server_->address(), "POST", "/metrics"),
              testing::StartsWith("HTTP/1.1 405 "));
  const std::string head = request(server_->address(), "HEAD", "/healthz");
  EXPECT_THAT(head, testing::StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(body(head), "");
}

TEST_F(HttpTest, ATakenAddressIsSaid) {
  const auto second = HttpServer::start({.listen = server_->address()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "cannot listen on " + server_->address() +
                                        ": it is taken or not there; choose another with --listen");
}

TEST(HttpServer, ListensOnLoopbackOnly) {
  for (const char* listen : {"0.0.0.0:9464", "192.168.1.5:9464", "[::]:9464", "example.com:80",
                             "127.0.0.1.example.com:80", "127.1:80", "1270.0.0.1:80"}) {
    const auto started = HttpServer::start({.listen = listen});
    ASSERT_FALSE(started) << listen;
    EXPECT_THAT(started.error().message,
                testing::StartsWith("`" + std::string(listen) +
                                    "` is beyond loopback, which needs TLS, and that is not "
                                    "supported yet; listen on 127.0.0.1:"));
  }
  for (const char* listen : {"", "9464", ":9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999",
                             "127.0.0.1:http", "127.0.0.1:-1"}) {
    const auto started = HttpServer::start({.listen = listen});
    ASSERT_FALSE(started) << listen;
    EXPECT_EQ(started.error().message,
              "`" + std::string(listen) + "` is no address to listen on, such as 127.0.0.1:9464");
  }
}

TEST(HttpServer, LocalhostIsLoopback) {
  const auto started = HttpServer::start({.listen = "localhost:0"});
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_THAT((*started)->address(), testing::StartsWith("127.0.0.1:"));
  EXPECT_EQ(body(request((*started)->address(), "GET", "/healthz")), "ok\n");
}

}  // namespace
}  // namespace rollbook::adapters
