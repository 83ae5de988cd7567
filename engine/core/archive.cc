// Canonical bytes of the states. One description of each struct's fields serves writing and
// reading; integers are varints (zigzag where signed), so equal states give equal bytes.

#include <algorithm>
#include <bit>
#include <type_traits>

#include "engine/core/fnv.h"
#include "engine/core/state.h"

namespace rollbook::core {
namespace {

constexpr std::uint64_t kFormat = 9;

class Writer {
 public:
  std::string bytes;

  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(value | 0x80));
    bytes.push_back(static_cast<char>(value));
  }
  void signed_number(std::int64_t value) {
    number((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  template <class T>
  void operator()(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      number(value ? 1 : 0);
    } else if constexpr (std::is_enum_v<T>) {
      number(static_cast<std::uint64_t>(value));
    } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      signed_number(value);
    } else if constexpr (std::is_integral_v<T>) {
      number(value);
    } else {
      put(value);
    }
  }
  template <class... T>
  void all(const T&... values) {
    (operator()(values), ...);
  }

 private:
  void put(const std::string& text) {
    number(text.size());
    bytes += text;
  }
  void put(const Duration& value) { signed_number(value.count()); }
  void put(const Time& value) { signed_number(value.time_since_epoch().count()); }
  void put(const Fixed& value) {
    number(static_cast<std::uint64_t>(value.nanos));
    signed_number(static_cast<std::int64_t>(value.nanos >> 64));
  }
  template <class T>
  void put(const std::optional<T>& value) {
    number(value ? 1 : 0);
    if (value) operator()(*value);
  }
  template <class K, class V>
  void put(const std::pair<K, V>& value) {
    operator()(value.first);
    operator()(value.second);
  }
  template <class T>
  requires requires(const T& list) {
    list.begin();
    list.size();
  }
  void put(const T& list) {
    number(list.size());
    for (const auto& entry : list) operator()(entry);
  }
  template <class T>
  requires requires(Writer& writer, T& value) { fields(writer, value); }
  void put(const T& value) {
    fields(*this, const_cast<T&>(value));  // fields() only reads when writing
  }
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  bool failed = false;
  bool at_end() const { return rest_.empty(); }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte >= 0x80) continue;
      // One spelling only: no zeros in front, no bits beyond the 64th.
      if ((byte == 0 && shift > 0) || (shift == 63 && byte > 1)) break;
      return value;
    }
    failed = true;
    return 0;
  }
  std::int64_t signed_number() {
    const std::uint64_t value = number();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  template <class T>
  void operator()(T& value) {
    if (failed) return;
    if constexpr (std::is_same_v<T, bool>) {
      value = flag();
    } else if constexpr (std::is_enum_v<T> || (std::is_integral_v<T> && !std::is_signed_v<T>)) {
      const std::uint64_t wide = number();
      value = static_cast<T>(wide);
      if (static_cast<std::uint64_t>(value) != wide) failed = true;
    } else if constexpr (std::is_integral_v<T>) {
      const std::int64_t wide = signed_number();
      value = static_cast<T>(wide);
      if (value != wide) failed = true;
    } else {
      get(value);
    }
  }
  template <class... T>
  void all(T&... values) {
    (operator()(values), ...);
  }

 private:
  bool flag() {
    const std::uint64_t value = number();
    if (value > 1) failed = true;
    return value == 1;
  }
  std::size_t size() {
    const std::uint64_t count = number();
    if (count > rest_.size()) failed = true;  // every entry takes a byte at least
    return failed ? 0 : static_cast<std::size_t>(count);
  }
  void get(std::string& text) {
    const std::size_t length = size();
    text.assign(rest_.substr(0, length));
    rest_.remove_prefix(length);
  }
  void get(Duration& value) { value = Duration(signed_number()); }
  void get(Time& value) { value = Time(Duration(signed_number())); }
  void get(Fixed& value) {
    const std::uint64_t low = number();
    value.nanos = (static_cast<Int128>(signed_number()) * (Int128{1} << 64)) + Int128{low};
  }
  template <class T>
  void get(std::optional<T>& value) {
    value.reset();
    if (flag() && !failed) operator()(value.emplace());
  }
  template <class K, class V>
  void get(std::map<K, V>& map) {
    map.clear();
    for (std::size_t left = size(); left > 0 && !failed; --left) {
      K key{};
      operator()(key);
      operator()(map[key]);
    }
  }
  template <class K>
  void get(std::set<K>& set) {
    set.clear();
    for (std::size_t left = size(); left > 0 && !failed; --left) {
      K key{};
      operator()(key);
      set.insert(std::move(key));
    }
  }
  template <class T>
  requires requires(T& list) { list.emplace_back(); }
  void get(T& list) {
    list.clear();
    for (std::size_t left = size(); left > 0 && !failed; --left) operator()(list.emplace_back());
  }
  template <class T>
  requires requires(Reader& reader, T& value) { fields(reader, value); }
  void get(T& value) { fields(*this, value); }

  std::string_view rest_;
};

template <class A, class Tag>
void fields(A& archive, Index<Tag>& index) {
  archive(index.value);
}
template <class A>
void fields(A& archive, Sequence& sequence) {
  archive(sequence.value);
}
template <class A>
void fields(A& archive, StreamId& stream) {
  archive(stream.value);
}
template <class A>
void fields(A& archive, Weight& weight) {
  archive(weight.nanos);
}
template <class A>
void fields(A& archive, CommandKey& key) {
  archive.all(key.source, key.id);
}
template <class A>
void fields(A& archive, Limits& limits) {
  archive.all(limits.grace, limits.skew, limits.stale_after, limits.effect_deadline);
}
template <class A>
void fields(A& archive, Promotion& promotion) {
  archive.all(promotion.by, promotion.actor);
}
template <class A>
void fields(A& archive, ClockState& clock) {
  archive.all(clock.elapsed, clock.mark, clock.extra, clock.promoted, clock.spared);
}
template <class A>
void fields(A& archive, Gap& gap) {
  archive.all(gap.from, gap.to);
}
template <class A>
void fields(A& archive, SeriesState& series) {
  archive.all(series.seen, series.watermark, series.arrival, series.whole, series.interval,
              series.clashed, series.stale, series.behind, series.began, series.gaps);
}
template <class A>
void fields(A& archive, Grid& grid) {
  archive.all(grid.scale, grid.first);
}
template <class A>
void fields(A& archive, MetricState& metric) {
  archive.all(metric.named, metric.bounds, metric.grid);
}
template <class A>
void fields(A& archive, Cell& cell) {
  archive.all(cell.end, cell.latest, cell.value, cell.samples, cell.buckets, cell.first);
}
template <class A>
void fields(A& archive, Stretch& stretch) {
  archive.all(stretch.since, stretch.end, stretch.latest, stretch.value, stretch.samples,
              stretch.points);
}
template <class A>
void fields(A& archive, WindowState& window) {
  archive.all(window.cells, window.total, window.stretches);
}
template <class A>
void fields(A& archive, TestStart& start) {
  archive.all(start.from, start.to, start.counts, start.logs);
}
template <class A>
void fields(A& archive, JudgedSample& judged) {
  archive.all(judged.classification, judged.critical, judged.u, judged.estimate, judged.low,
              judged.high, judged.effect, judged.canary, judged.baseline);
}
template <class A>
void fields(A& archive, Edge& edge) {
  archive.all(edge.at, edge.above, edge.log);
}
template <class A>
void fields(A& archive, Edges& edges) {
  archive.all(edges.low, edges.high, edges.other_low, edges.other_high, edges.pair,
              edges.contrary_pair);
}
template <class A>
void fields(A& archive, Evidence& evidence) {
  archive.all(evidence.test, evidence.statistic, evidence.contrary, evidence.alpha,
              evidence.prior_a, evidence.prior_b, evidence.counts, evidence.dispersion,
              evidence.starts, evidence.judged, evidence.logs, evidence.shared_by, evidence.edges);
}
template <class A>
void fields(A& archive, Reading& reading) {
  archive.all(reading.verdict, reading.missing, reading.raw, reading.value, reading.low,
              reading.high, reading.samples, reading.at, reading.seen, reading.held, reading.since,
              reading.limit, reading.evidence, reading.kinds);
}
template <class A>
void fields(A& archive, Part& part) {
  archive.all(part.events, part.exposure);
}
template <class A>
void fields(A& archive, Spread& spread) {
  archive.all(spread.steps, spread.eventful, spread.judged_events, spread.other_events,
              spread.last_judged, spread.last_other, spread.pair_events, spread.pair_exposure,
              spread.differences, spread.first_events, spread.squares);
}
template <class A>
void fields(A& archive, Batches& batches) {
  archive.all(batches.length, batches.end, batches.at_end, batches.over);
}
template <class A>
void fields(A& archive, TestState& test) {
  archive.all(test.cut, test.counts, test.logs, test.starts, test.spread, test.stepped,
              test.at_step, test.edge, test.batches);
}
template <class A>
void fields(A& archive, KindState& kind) {
  archive.all(kind.known, kind.cells);
}
template <class A>
void fields(A& archive, BreakdownState& breakdown) {
  archive.all(breakdown.sets, breakdown.kinds);
}
template <class A>
void fields(A& archive, Answer& answer) {
  archive.all(answer.role, answer.actor, answer.yes, answer.option);
}
template <class A>
void fields(A& archive, Question& question) {
  archive.all(question.number, question.item, question.answers, question.offered);
}
template <class A>
void fields(A& archive, EffectState& effect) {
  archive.all(effect.kind, effect.spec, effect.state, effect.outcome, effect.settled_by,
              effect.deadline, effect.retry_at, effect.attempts, effect.first, effect.to,
              effect.order, effect.rollback, effect.target);
}
template <class A>
void fields(A& archive, TargetState& target) {
  archive.all(target.name, target.settled, target.settled_order, target.requested, target.shifted,
              target.guard_floor, target.first_settled, target.back, target.unwatched, target.floor,
              target.breach, target.breach_criterion, target.ramp_from);
}
template <class A>
void fields(A& archive, TargetBooks& target) {
  archive.all(target.active, target.settled, target.settled_order, target.runbook);
}
template <class A>
void fields(A& archive, RampState& ramp) {
  archive.all(ramp.started, ramp.from, ramp.to, ramp.over, ramp.steps_requested,
              ramp.last_requested);
}
template <class A>
void fields(A& archive, SourceOffset& offset) {
  archive.all(offset.topic, offset.partition, offset.next);
}
template <class A>
void fields(A& archive, BackState& back) {
  archive.all(back.from, back.whole_from, back.until);
}
template <class A>
void fields(A& archive, RolloutState& state) {
  archive.all(state.id, state.stream, state.service, state.version, state.digest, state.limits,
              state.semantics, state.started, state.now, state.last, state.active, state.outcome,
              state.entered, state.entered_by, state.because, state.breach, state.breach_criterion,
              state.rollback_rank, state.paused, state.paused_until, state.halted,
              state.halted_because, state.irreversible, state.stages_open, state.resume_to,
              state.resuming, state.sight, state.sight_since, state.quiet_since, state.settled,
              state.settled_order, state.requested, state.shifted, state.guard_floor,
              state.shift_floor, state.first_settled, state.whole_from, state.clocks, state.series,
              state.metrics, state.windows, state.readings, state.judged, state.turned, state.tests,
              state.questions, state.effects, state.extensions, state.ramp, state.ramp_over,
              state.ramp_to, state.offsets, state.commands, state.late, state.quarantined,
              state.breakdowns, state.shares_offsets, state.back, state.targets);
}
template <class A>
void fields(A& archive, ServiceState& service) {
  archive.all(service.active, service.last_order, service.settled, service.settled_order,
              service.runbook, service.outcomes, service.targets);
}
template <class A>
void fields(A& archive, ShardState& shard) {
  archive.all(shard.services, shard.rollouts, shard.commands, shard.last_stream, shard.last);
}

template <class State>
std::string write(const State& state) {
  Writer writer;
  writer.number(kFormat);
  writer(state);
  return std::move(writer.bytes);
}

template <class State>
Result<State> read(std::string_view bytes) {
  Reader reader(bytes);
  if (reader.number() != kFormat) return fail("the bytes are a state of another format");
  State state;
  reader(state);
  if (reader.failed || !reader.at_end()) return fail("the bytes of the state are damaged");
  return state;
}

}  // namespace

std::string encode(const RolloutState& state) { return write(state); }
Result<RolloutState> decode_rollout_state(std::string_view bytes) {
  return read<RolloutState>(bytes);
}
std::string encode(const ShardState& state) { return write(state); }
Result<ShardState> decode_shard_state(std::string_view bytes) { return read<ShardState>(bytes); }

std::uint64_t hash(const RolloutState& state) {
  Fnv hash;
  hash.take(encode(state));
  return hash.value;
}

}  // namespace rollbook::core
