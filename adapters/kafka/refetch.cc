#include "adapters/kafka/refetch.h"

namespace rollbook::adapters::kafka {
namespace {

// Longer than a fetch under way takes from a broker nearby.
constexpr auto kHunger = std::chrono::milliseconds(20);
// What librdkafka waits by itself: to be woken more often would not help.
constexpr auto kAgain = std::chrono::seconds(1);

}  // namespace

bool Refetch::is_due(std::size_t waiting, std::size_t enough, bool more, Clock::time_point now) {
  if (waiting >= enough) stopped_ = true;
  if (waiting > 0 || !more) hungry_at_.reset();
  // Half is left: read while the rest is fetched.
  if (stopped_ && waiting <= enough / 2) {
    stopped_ = false;
    return true;
  }
  if (waiting > 0 || !more) return false;
  if (!hungry_at_) {
    hungry_at_ = now + kHunger;
  } else if (now >= *hungry_at_) {
    hungry_at_ = now + kAgain;
    return true;
  }
  return false;
}

}  // namespace rollbook::adapters::kafka
