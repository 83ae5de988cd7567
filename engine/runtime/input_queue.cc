#include "engine/runtime/input_queue.h"

namespace rollbook::runtime {

bool InputQueue::push(PointBatch batch) {
  std::unique_lock lock(mutex_);
  drained_.wait(lock, [&] { return closed_ || bytes_ < most_bytes_; });
  if (closed_) return false;
  bytes_ += batch.bytes;
  points_.push_back(std::move(batch));
  filled_.notify_one();
  return true;
}

bool InputQueue::push(UrgentInput input) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  urgent_.push_back(std::move(input));
  filled_.notify_one();
  return true;
}

void InputQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  filled_.notify_all();
  drained_.notify_all();
}

InputQueue::Drained InputQueue::drain(core::Duration wait, std::size_t most_bytes) {
  std::unique_lock lock(mutex_);
  filled_.wait_for(lock, wait, [&] { return closed_ || !urgent_.empty() || !points_.empty(); });
  Drained drained;
  drained.closed = closed_;
  drained.urgent.assign(std::make_move_iterator(urgent_.begin()),
                        std::make_move_iterator(urgent_.end()));
  urgent_.clear();
  std::size_t taken = 0;
  while (!points_.empty() && taken < most_bytes) {
    taken += points_.front().bytes;
    bytes_ -= points_.front().bytes;
    drained.points.push_back(std::move(points_.front()));
    points_.pop_front();
  }
  if (taken > 0) drained_.notify_all();
  return drained;
}

}  // namespace rollbook::runtime
