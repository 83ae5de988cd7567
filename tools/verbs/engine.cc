#include "adapters/pump/engine.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "adapters/http/http_server.h"
#include "dsl/compiler.h"
#include "store/rocks_event_log.h"
#include "tools/engine_journal.h"
#include "tools/settings.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

struct Options {
  Settings settings;
};

// systemd's readiness protocol (sd_notify(3)): a datagram to the socket it names.
void notify_systemd(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = std::strlen(path);
  if (length >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, length);
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // abstract
  const int socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket_fd < 0) return;
  sendto(socket_fd, state.data(), state.size(), MSG_NOSIGNAL,
         reinterpret_cast<const sockaddr*>(&address),
         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
  close(socket_fd);
}

// SIGTERM and SIGINT are taken by a thread of their own: nothing runs in a signal handler.
class SignalThread {
 public:
  explicit SignalThread(std::function<void()> on_signal) {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    thread_ = std::jthread([this, on_signal = std::move(on_signal)](const std::stop_token& stop) {
      const timespec wait{0, 100'000'000};
      while (!stop.stop_requested()) {
        if (sigtimedwait(&signals_, nullptr, &wait) > 0) {
          on_signal();
          return;
        }
      }
    });
  }

 private:
  sigset_t signals_{};
  std::jthread thread_;
};

Exit exit_of(store::OpenFailure failure) {
  return failure == store::OpenFailure::locked || failure == store::OpenFailure::unreadable
             ? Exit::unreachable
             : Exit::error;
}

adapters::EngineOptions engine_options(const adapters::Config& config, EngineJournal& journal) {
  adapters::EngineOptions options;
  options.topics.metrics.clear();
  for (const adapters::MetricTopic& topic : config.metrics) {
    options.topics.metrics.push_back(topic.topic);
    options.topics.formats[topic.topic] = *adapters::metric_format(topic.format);
  }
  options.topics.commands = config.topics.commands;
  options.topics.effects = config.topics.effects;
  options.topics.events = config.topics.events;
  options.topics.deadletter = config.topics.deadletter;
  options.shard.read_back_most = config.read_back_most;
  options.read_back.bytes_per_second = config.read_back_rate;
  options.read_back.on_trouble = [&](const std::string& message) {
    journal.warn("cannot read metrics back, trying on: " + message);
  };
  options.on_trouble = [&](const std::string& message) { journal.trouble(message); };
  options.on_committed = [&](const runtime::Committed& committed) { journal.committed(committed); };
  options.on_turn = [&](const runtime::Shard& shard, core::Time now) {
    journal.turned(shard, now);
  };
  return options;
}

Outcome<Exit> run(const Options& options, const Console& console) {
  // Blocked before any thread is made, so that all inherit it.
  adapters::Engine* running = nullptr;
  std::atomic<bool> stopped = false;
  std::mutex mutex;  // guards `running`
  const SignalThread signals([&] {
    const std::lock_guard lock(mutex);
    stopped = true;
    if (running != nullptr) running->stop();
  });

  TRY(const adapters::LoadedConfig loaded, options.settings.load(console));
  const adapters::Config& config = loaded.config;
  store::RocksOptions rocks;
  rocks.warn = [&](const std::string& message) { console.say("rollbook: " + message); };
  auto log = store::RocksEventLog::open(config.store_path, rocks);
  if (!log) return give_up(log.error().message, exit_of(log.error().failure));
  TRY(const auto bus, make_bus(config));
  EngineJournal journal(**log, console.look().err_is_terminal);
  const dsl::Compiler compiler;
  auto engine = adapters::Engine::open(**log, *bus, compiler, engine_options(config, journal));
  if (!engine) return give_up(engine.error().message, Exit::unreachable);

  std::unique_ptr<adapters::HttpServer> http;
  if (!config.listen.empty()) {
    TRY(http, adapters::HttpServer::start({.listen = config.listen,
                                           .metrics = [&] { return journal.metrics(); },
                                           .healthy = [&] { return journal.unhealthy(); },
                                           .ready = [&] { return journal.unready(); }}));
  }
  console.line(fmt::format("rollbook engine ready: {} active rollouts, bus {}, log {}{}",
                           (*engine)->active(), config.file_bus() ? config.bus : config.brokers,
                           config.store_path, http ? ", http " + http->address() : ""));
  console.flush();
  notify_systemd("READY=1");
  {
    const std::lock_guard lock(mutex);
    running = engine->get();
    if (stopped) running->stop();
  }
  const core::Status ended = (*engine)->run();
  {
    const std::lock_guard lock(mutex);
    running = nullptr;
  }
  notify_systemd("STOPPING=1");
  if (!ended) {
    journal.error(ended.error().message);
    return give_up(ended.error().message, (*engine)->held() ? Exit::unreachable : Exit::error);
  }
  http.reset();
  engine->reset();
  console.say("rollbook: engine stopped");
  return Exit::done;
}

}  // namespace

Verb engine_verb() {
  auto o = std::make_shared<Options>();
  return {"engine",
          Group::operating,
          "run rollouts: read metrics and commands, judge, act, keep the log",
          {"rollbook engine --brokers 127.0.0.1:9092 --data /var/lib/rollbook",
           "rollbook engine --config rollbook.toml --metrics-topic otlp_metrics",
           "rollbook engine --bus file:/tmp/bus --data /tmp/rollbook"},
          [o](OptionSet& set) { o->settings.declare_engine(set); },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
