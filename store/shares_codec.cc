#include "store/shares_codec.h"

#include "engine/core/limits.h"
#include "store/columns.h"

namespace rollbook::store {
namespace {

using core::Cell;
using core::Share;

constexpr std::int64_t kArms = 3;
constexpr std::int64_t kSets = 256;

std::int64_t key_of(const Share& share) {
  const auto arm = static_cast<std::int64_t>(share.arm);
  const std::int64_t half = (std::int64_t{share.breakdown.value} * kArms + arm) * 2;
  return (half + (share.shifted ? 1 : 0)) * kSets + share.set;
}

void take_key(std::int64_t key, Share& share, Fault& fault) {
  share.set = static_cast<std::uint32_t>(key % kSets);
  const std::int64_t half = key / kSets;
  share.shifted = half % 2 == 1;
  share.arm = static_cast<core::Arm>(half / 2 % kArms);
  share.breakdown.value = static_cast<std::uint32_t>(half / 2 / kArms);
  const bool sound =
      key >= 0 && share.set <= core::kOtherSet && half / 2 / kArms <= core::BreakdownIndex::kNone;
  if (!sound) fault.damaged = true;
}

void put_shares(const std::vector<Share>& shares, core::Time time, wire::Shares& out) {
  std::int64_t base = first_base(time), before = 0;
  for (const Share& share : shares) {
    const Cell& cell = share.cell;
    const std::int64_t key = key_of(share), end = put_time(cell.end);
    const SplitTime step = split_time(wrapping_sub(end, base));
    const SplitFixed value = split_fixed(cell.value);
    out.add_key(key - before);
    out.add_end(step.seconds);
    out.add_end_nanos(step.nanos);
    out.add_latest(wrapping_sub(end, put_time(cell.latest)));
    out.add_whole(value.whole);
    out.add_nanos(value.nanos);
    out.add_high(value.high);
    out.add_samples(cell.samples);
    out.add_bucket_count(static_cast<std::uint32_t>(cell.buckets.size()));
    out.add_bucket_first(cell.first);
    out.mutable_buckets()->Add(cell.buckets.begin(), cell.buckets.end());
    before = key;
    base = end;
  }
  drop_if_zero(out.mutable_end_nanos());
  drop_if_zero(out.mutable_latest());
  drop_if_zero(out.mutable_nanos());
  drop_if_zero(out.mutable_high());
  drop_if_zero(out.mutable_samples());
  drop_if_zero(out.mutable_bucket_count());
  drop_if_zero(out.mutable_bucket_first());
}

bool columns_fit(const wire::Shares& stored) {
  const int count = stored.key_size();
  const auto fits = [&](const auto& column) { return column.empty() || column.size() == count; };
  std::uint64_t buckets = 0;
  for (const std::uint32_t n : stored.bucket_count()) buckets += n;
  return stored.end_size() == count && stored.whole_size() == count && fits(stored.end_nanos()) &&
         fits(stored.latest()) && fits(stored.nanos()) && fits(stored.high()) &&
         fits(stored.samples()) && fits(stored.bucket_count()) && fits(stored.bucket_first()) &&
         buckets == static_cast<std::uint64_t>(stored.buckets_size());
}

void take_shares(const wire::Shares& stored, core::Time time, std::vector<Share>& out,
                 Fault& fault) {
  out.clear();
  if (!columns_fit(stored)) {
    fault.damaged = true;
    return;
  }
  std::int64_t base = first_base(time), key = 0;
  const std::int64_t* bucket = stored.buckets().data();
  for (int i = 0; i < stored.key_size(); ++i) {
    Share& share = out.emplace_back();
    Cell& cell = share.cell;
    key = wrapping_add(key, stored.key(i));
    take_key(key, share, fault);
    const std::int64_t step =
        wrapping_add(wrapping_mul(stored.end(i), kNanosPerSecond), entry(stored.end_nanos(), i));
    base = wrapping_add(base, step);
    cell.end = take_time(base);
    cell.latest = take_time(wrapping_sub(base, entry(stored.latest(), i)));
    cell.value = join_fixed({stored.whole(i), entry(stored.nanos(), i), entry(stored.high(), i)});
    cell.samples = entry(stored.samples(), i);
    const std::uint32_t buckets = entry(stored.bucket_count(), i);
    cell.buckets.assign(bucket, bucket + buckets);
    cell.first = entry(stored.bucket_first(), i);
    if (cell.first > core::kBucketsMax) fault.damaged = true;
    bucket += buckets;
  }
}

void put_exemplar(const core::Exemplar& exemplar, core::Time time, wire::Exemplar& out) {
  out.set_metric(put_index(exemplar.metric));
  out.set_arm(put_enum(exemplar.arm));
  wire::put(exemplar.value, *out.mutable_value());
  out.set_at(wrapping_sub(put_time(time), put_time(exemplar.at)));
  out.set_trace(exemplar.trace);
  out.set_topic(exemplar.topic);
  out.set_partition(exemplar.partition);
  out.set_offset(exemplar.offset);
  for (const auto& [name, value] : exemplar.labels) {
    wire::Label& label = *out.add_labels();
    label.set_name(name);
    label.set_value(value);
  }
}

core::Exemplar take_exemplar(const wire::Exemplar& stored, core::Time time, Fault& fault) {
  core::Exemplar exemplar;
  exemplar.metric = take_index<core::MetricIndex>(stored.metric());
  exemplar.arm = take_enum<core::Arm>(stored.arm(), "arm", fault);
  exemplar.value = wire::take(stored.value(), fault);
  exemplar.at = take_time(wrapping_sub(put_time(time), stored.at()));
  exemplar.trace = stored.trace();
  exemplar.topic = stored.topic();
  exemplar.partition = stored.partition();
  exemplar.offset = stored.offset();
  for (const wire::Label& label : stored.labels()) {
    exemplar.labels.emplace_back(label.name(), label.value());
  }
  return exemplar;
}

}  // namespace

void put_breakdowns(const core::Observed& observed, core::Time time, wire::Observed& out) {
  for (const core::LabelSet& set : observed.sets) {
    wire::LabelSet& message = *out.add_sets();
    message.set_breakdown(put_index(set.breakdown));
    for (const std::string& value : set.values) message.add_values(value);
  }
  if (!observed.kinds.empty()) put_shares(observed.kinds, time, *out.mutable_kinds());
  if (!observed.shares.empty()) put_shares(observed.shares, time, *out.mutable_shares());
  out.set_shares_whole(observed.shares_whole);
  for (const core::Exemplar& exemplar : observed.exemplars) {
    put_exemplar(exemplar, time, *out.add_exemplars());
  }
}

void take_breakdowns(const wire::Observed& stored, core::Time time, core::Observed& out,
                     Fault& fault) {
  out.sets.clear();
  for (const wire::LabelSet& set : stored.sets()) {
    out.sets.push_back(
        {take_index<core::BreakdownIndex>(set.breakdown()), take_texts(set.values())});
  }
  take_shares(stored.kinds(), time, out.kinds, fault);
  take_shares(stored.shares(), time, out.shares, fault);
  out.shares_whole = stored.shares_whole();
  out.exemplars.clear();
  for (const wire::Exemplar& exemplar : stored.exemplars()) {
    out.exemplars.push_back(take_exemplar(exemplar, time, fault));
  }
}

}  // namespace rollbook::store
