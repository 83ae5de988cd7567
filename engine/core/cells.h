#pragma once
// Cells: the panes of a window, by rising end. A ring, so that what a look reads lies together and
// a window that slides allocates nothing: a cell that leaves keeps the memory of its buckets for
// one that comes.

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

#include "engine/core/event.h"

namespace rollbook::core {

class Cells {
  template <class Ring, class Value>
  class At {
   public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = Cell;
    using difference_type = std::ptrdiff_t;
    using pointer = Value*;
    using reference = Value&;

    At() = default;
    At(Ring* ring, std::size_t index) : ring_(ring), index_(index) {}
    Value& operator*() const { return ring_->slot(index_); }
    Value* operator->() const { return &ring_->slot(index_); }
    Value& operator[](std::ptrdiff_t by) const { return *(*this + by); }
    At& operator+=(std::ptrdiff_t by) {
      index_ += static_cast<std::size_t>(by);  // wraps where `by` is negative
      return *this;
    }
    At& operator-=(std::ptrdiff_t by) { return *this += -by; }
    At& operator++() { return *this += 1; }
    At& operator--() { return *this += -1; }
    At operator++(int) { return std::exchange(*this, *this + 1); }
    At operator--(int) { return std::exchange(*this, *this - 1); }
    friend At operator+(At at, std::ptrdiff_t by) { return at += by; }
    friend At operator+(std::ptrdiff_t by, At at) { return at += by; }
    friend At operator-(At at, std::ptrdiff_t by) { return at -= by; }
    friend std::ptrdiff_t operator-(At a, At b) {
      return static_cast<std::ptrdiff_t>(a.index_ - b.index_);
    }
    friend bool operator==(At a, At b) { return a.index_ == b.index_; }
    friend auto operator<=>(At a, At b) { return a.index_ <=> b.index_; }

   private:
    friend class Cells;
    Ring* ring_ = nullptr;
    std::size_t index_ = 0;
  };

 public:
  using value_type = Cell;
  using iterator = At<Cells, Cell>;
  using const_iterator = At<const Cells, const Cell>;

  Cells() = default;
  Cells(const Cells& other) { *this = other; }
  Cells(Cells&& other) noexcept { *this = std::move(other); }
  Cells& operator=(const Cells& other) {
    if (this == &other) return *this;
    slots_.assign(other.begin(), other.end());
    to_wrap_ = slots_.size();
    size_ = other.size_;
    edits_ = other.edits_;
    return *this;
  }
  Cells& operator=(Cells&& other) noexcept {
    slots_ = std::move(other.slots_);
    to_wrap_ = std::exchange(other.to_wrap_, 0);
    size_ = std::exchange(other.size_, 0);
    edits_ = other.edits_;
    other.slots_.clear();
    return *this;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Rises whenever a cell may have changed: a sum over them holds as long as it does not.
  std::uint64_t edits() const { return edits_; }

  const_iterator begin() const { return {this, 0}; }
  const_iterator end() const { return {this, size_}; }
  const Cell& operator[](std::size_t index) const { return slot(index); }
  const Cell& front() const { return slot(0); }
  const Cell& back() const { return slot(size_ - 1); }

  iterator begin() { return edit({this, 0}); }
  iterator end() { return edit({this, size_}); }
  Cell& operator[](std::size_t index) { return *edit({this, index}); }

  // A new last one, empty.
  Cell& emplace_back() {
    ++edits_;
    if (size_ == slots_.size()) grow();
    Cell& made = slot(size_++);
    std::vector<std::int64_t> buckets = std::move(made.buckets);
    buckets.clear();
    made = Cell{};
    made.buckets = std::move(buckets);
    return made;
  }
  // A new last one.
  Cell& append(const Cell& cell) {
    ++edits_;
    if (size_ == slots_.size()) grow();
    return slot(size_++) = cell;
  }
  // At `place`, before the one that is there.
  Cell& insert(std::size_t place, const Cell& cell) {
    append(cell);
    std::rotate(begin() + distance(place), end() - 1, end());
    return slot(place);
  }
  void pop_front() {
    ++edits_;
    if (--to_wrap_ == 0) to_wrap_ = slots_.size();
    --size_;
  }
  void pop_back() {
    ++edits_;
    --size_;
  }
  void erase(iterator first, iterator last) {
    ++edits_;
    std::rotate(first, last, end());
    size_ -= static_cast<std::size_t>(last - first);
  }
  void clear() {
    ++edits_;
    to_wrap_ = slots_.size();
    size_ = 0;
  }

  bool operator==(const Cells& other) const {
    return std::equal(begin(), end(), other.begin(), other.end());
  }

 private:
  iterator edit(iterator at) {
    ++edits_;
    return at;
  }
  // Counted from the wrap, because to ask for slots_.size() is a division.
  const Cell& slot(std::size_t index) const {
    const std::ptrdiff_t behind = distance(index) - distance(to_wrap_);
    return behind < 0 ? slots_.end()[behind] : slots_.begin()[behind];
  }
  Cell& slot(std::size_t index) { return const_cast<Cell&>(std::as_const(*this).slot(index)); }
  static std::ptrdiff_t distance(std::size_t slots) { return static_cast<std::ptrdiff_t>(slots); }
  // By a quarter: a window has as many cells as it will ever have most of its life.
  void grow() {
    std::rotate(slots_.begin(), slots_.end() - distance(to_wrap_), slots_.end());
    const std::size_t wanted = slots_.size() + std::max<std::size_t>(8, slots_.size() / 4);
    slots_.reserve(wanted);
    slots_.resize(wanted);
    to_wrap_ = wanted;
  }

  std::vector<Cell> slots_;
  std::size_t to_wrap_ = 0;  // slots from the first cell's on to the end of slots_
  std::size_t size_ = 0;
  std::uint64_t edits_ = 0;
};

}  // namespace rollbook::core
