#include "adapters/pump/read_back_pump.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace rollbook::adapters {
namespace {

using namespace std::chrono_literals;

constexpr core::Duration kWait = 100ms;
constexpr std::size_t kRecords = 2000;  // of one step, at most
constexpr std::size_t kStepsPerSecond = 20;
constexpr core::Duration kRetry = 1s;  // after an error
constexpr core::Duration kTellEvery = 1s;
// Of the reader's thread and those that librdkafka makes for it: the loop goes first where there
// are few processors. On Linux this is a thread's, not the process's.
constexpr int kNice = 5;
// Over a longer time than this the rate is not made up for: no bursts after a stall.
constexpr core::Duration kCatchUp = 100ms;

}  // namespace

ReadBackPump::ReadBackPump(runtime::Bus& bus, MetricSources sources, runtime::InputQueue& queue,
                           ReadBackOptions options)
    : bus_(bus),
      sources_(std::move(sources)),
      queue_(queue),
      options_(std::move(options)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

ReadBackPump::~ReadBackPump() = default;

void ReadBackPump::add(runtime::PastRequest request) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(request));
  woken_.notify_all();
}

void ReadBackPump::cancel(core::StreamId stream) {
  const std::lock_guard lock(mutex_);
  std::erase_if(waiting_,
                [&](const runtime::PastRequest& request) { return request.stream == stream; });
  cancelled_.insert(stream);
}

void ReadBackPump::pause_for(core::Duration time, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, stop, time, [] { return false; });
}

std::vector<runtime::PastRequest> ReadBackPump::await_requests(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  woken_.wait(lock, stop, [&] { return !waiting_.empty(); });
  cancelled_.clear();
  return std::exchange(waiting_, {});
}

void ReadBackPump::run(const std::stop_token& stop) {
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice));
  while (!stop.stop_requested()) {
    std::vector<runtime::PastRequest> requests = await_requests(stop);
    if (requests.empty()) continue;
    const core::Status read_back = read(stop, requests);
    if (read_back) {
      trouble_.clear();
      continue;
    }
    trouble(read_back.error().message);
    pause_for(kRetry, stop);
    // From the beginning: nothing of it was handed over.
    const std::lock_guard lock(mutex_);
    std::erase_if(requests, [&](const runtime::PastRequest& request) {
      return cancelled_.contains(request.stream);
    });
    waiting_.insert(waiting_.begin(), std::make_move_iterator(requests.begin()),
                    std::make_move_iterator(requests.end()));
  }
}

core::Status ReadBackPump::read(const std::stop_token& stop,
                                const std::vector<runtime::PastRequest>& requests) {
  TRY(const auto pass, ReadBackPass::open(bus_, sources_, requests));
  tell(*pass);
  Clock::time_point due = Clock::now();
  std::size_t all = 0;
  while (!pass->done()) {
    TRY(const std::size_t bytes, pass->step(kWait, records_of_step(all, pass->so_far())));
    all += bytes;
    if (stop.stop_requested()) return {};
    {
      const std::lock_guard lock(mutex_);
      for (const core::StreamId stream : std::exchange(cancelled_, {})) pass->drop(stream);
    }
    if (pass->idle()) return {};
    if (Clock::now() - told_ >= kTellEvery) tell(*pass);
    due = std::max(due, Clock::now() - kCatchUp) +
          std::chrono::nanoseconds(bytes * 1'000'000'000 / options_.bytes_per_second);
    if (due > Clock::now()) pause_for(due - Clock::now(), stop);
  }
  tell(*pass);
  for (auto& past : pass->take()) queue_.push(runtime::RecalledInput{std::move(past)});
  return {};
}

// As many as fit into a short step at the rate, by what they have weighed so far.
std::size_t ReadBackPump::records_of_step(std::size_t bytes,
                                          const runtime::ReadSoFar& so_far) const {
  const auto done = static_cast<std::size_t>(so_far.done);
  if (done == 0) return 1;
  const std::size_t each = std::max<std::size_t>(bytes / done, 1);
  return std::clamp<std::size_t>(options_.bytes_per_second / kStepsPerSecond / each, 1, kRecords);
}

void ReadBackPump::tell(const ReadBackPass& pass) {
  told_ = Clock::now();
  for (const core::StreamId stream : pass.streams()) {
    queue_.push(runtime::ReadSoFarInput{stream, pass.so_far()});
  }
}

void ReadBackPump::trouble(const std::string& message) {
  if (message == trouble_) return;
  trouble_ = message;
  if (options_.on_trouble) options_.on_trouble(message);
}

}  // namespace rollbook::adapters
