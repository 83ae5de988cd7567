#include "adapters/wire/otlp_wire.h"

#include <bit>
#include <cstring>

#include "engine/core/limits.h"

namespace rollbook::adapters {
namespace {

enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

struct Tag {
  std::uint32_t number = 0;
  Wire wire = Wire::varint;
};

// One message's fields, in order. After each tag its value must be read, or passed over.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  // False at the end, or when no tag stands there: then failed() is true.
  bool next(Tag& tag) {
    std::uint64_t value = 0;
    if (at_ == end_ || !varint(value)) return false;
    tag = {static_cast<std::uint32_t>(value >> 3), static_cast<Wire>(value & 7)};
    return (tag.number != 0 && value >> 32 == 0) || fail();
  }
  bool failed() const { return failed_; }
  bool at_end() const { return at_ == end_; }

  bool varint(std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64 && at_ < end_; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(*at_++);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return true;
    }
    return fail();
  }
  bool fixed64(std::uint64_t& value) {
    static_assert(std::endian::native == std::endian::little);
    if (end_ - at_ < 8) return fail();
    std::memcpy(&value, at_, 8);
    at_ += 8;
    return true;
  }
  bool bytes(std::string_view& value) {
    std::uint64_t size = 0;
    if (!varint(size)) return false;
    if (size > static_cast<std::uint64_t>(end_ - at_)) return fail();
    value = std::string_view(at_, static_cast<std::size_t>(size));
    at_ += size;
    return true;
  }
  bool pass(Wire wire) {
    std::uint64_t number = 0;
    std::string_view text;
    switch (wire) {
      case Wire::varint:
        return varint(number);
      case Wire::fixed64:
        return fixed64(number);
      case Wire::bytes:
        return bytes(text);
      case Wire::fixed32:
        if (end_ - at_ < 4) return fail();
        at_ += 4;
        return true;
    }
    return fail();
  }
  bool fail() {
    failed_ = true;
    return false;
  }

 private:
  const char* at_;
  const char* end_;
  bool failed_ = false;
};

bool read_double(Fields& fields, double& value) {
  std::uint64_t bits = 0;
  if (!fields.fixed64(bits)) return false;
  value = std::bit_cast<double>(bits);
  return true;
}

// Repeated numbers, packed or one by one, as protobuf takes both.
template <class Number>
bool append_fixed(Fields& fields, Wire wire, std::vector<Number>& list) {
  std::uint64_t bits = 0;
  if (wire == Wire::fixed64) {
    if (!fields.fixed64(bits)) return false;
    list.push_back(std::bit_cast<Number>(bits));
    return true;
  }
  std::string_view packed;
  if (wire != Wire::bytes) return fields.pass(wire);
  if (!fields.bytes(packed)) return false;
  if (packed.size() % 8 != 0) return fields.fail();
  const std::size_t before = list.size();
  list.resize(before + packed.size() / 8);
  if (!packed.empty()) std::memcpy(list.data() + before, packed.data(), packed.size());
  return true;
}
bool append_varints(Fields& fields, Wire wire, std::vector<std::uint64_t>& list) {
  std::uint64_t value = 0;
  if (wire == Wire::varint) {
    if (!fields.varint(value)) return false;
    list.push_back(value);
    return true;
  }
  std::string_view packed;
  if (wire != Wire::bytes) return fields.pass(wire);
  if (!fields.bytes(packed)) return false;
  Fields values(packed);
  while (!values.at_end()) {
    if (!values.varint(value)) return fields.fail();
    list.push_back(value);
  }
  return true;
}

std::int32_t zigzag(std::uint64_t value) {
  const auto low = static_cast<std::uint32_t>(value);
  return static_cast<std::int32_t>((low >> 1) ^ (~(low & 1) + 1));
}

void clear(OtlpPoint& point) {
  point.attributes.clear();
  point.exemplars.clear();
  point.start = point.time = point.count = 0;
  point.flags = 0;
  point.sum.reset();
}

// The numbers of fields that all kinds have, where they differ.
struct Numbers {
  std::uint32_t attributes, exemplars, flags;
};

// The fields that all kinds have.
bool read_common(Fields& fields, Tag tag, Numbers numbers, OtlpPoint& point) {
  if (tag.number == numbers.attributes && tag.wire == Wire::bytes) {
    return fields.bytes(point.attributes.emplace_back());
  }
  if (tag.number == numbers.exemplars && tag.wire == Wire::bytes &&
      point.exemplars.size() < core::kExemplarsOfPoint) {
    return fields.bytes(point.exemplars.emplace_back());
  }
  if (tag.number == 2 && tag.wire == Wire::fixed64) return fields.fixed64(point.start);
  if (tag.number == 3 && tag.wire == Wire::fixed64) return fields.fixed64(point.time);
  if (tag.number == numbers.flags && tag.wire == Wire::varint) {
    std::uint64_t value = 0;
    if (!fields.varint(value)) return false;
    point.flags = static_cast<std::uint32_t>(value);
    return true;
  }
  return fields.pass(tag.wire);
}
// And those of both histograms.
bool read_histogram(Fields& fields, Tag tag, Numbers numbers, OtlpPoint& point) {
  if (tag.number == 4 && tag.wire == Wire::fixed64) return fields.fixed64(point.count);
  if (tag.number == 5 && tag.wire == Wire::fixed64) {
    return read_double(fields, point.sum.emplace());
  }
  return read_common(fields, tag, numbers, point);
}

bool read(std::string_view bytes, OtlpBuckets& buckets) {
  Fields fields(bytes);
  for (Tag tag; fields.next(tag);) {
    std::uint64_t value = 0;
    if (tag.number == 1 && tag.wire == Wire::varint) {
      if (!fields.varint(value)) return false;
      buckets.offset = zigzag(value);
    } else if (tag.number == 2) {
      if (!append_varints(fields, tag.wire, buckets.counts)) return false;
    } else if (!fields.pass(tag.wire)) {
      return false;
    }
  }
  return !fields.failed();
}

bool read_exponential(Fields& fields, Tag tag, OtlpExponential& point) {
  std::uint64_t value = 0;
  std::string_view inner;
  if (tag.number == 6 && tag.wire == Wire::varint) {
    if (!fields.varint(value)) return false;
    point.scale = zigzag(value);
    return true;
  }
  if (tag.number == 7 && tag.wire == Wire::fixed64) return fields.fixed64(point.zero_count);
  if ((tag.number == 8 || tag.number == 9) && tag.wire == Wire::bytes) {
    return (fields.bytes(inner) &&
            read(inner, tag.number == 8 ? point.positive : point.negative)) ||
           fields.fail();
  }
  if (tag.number == 14 && tag.wire == Wire::fixed64) {
    return read_double(fields, point.zero_threshold);
  }
  return read_histogram(fields, tag, {1, 11, 10}, point);
}

}  // namespace

bool read(std::string_view bytes, OtlpNumber& point) {
  clear(point);
  point.as_double.reset();
  point.as_int.reset();
  Fields fields(bytes);
  for (Tag tag; fields.next(tag);) {
    std::uint64_t bits = 0;
    if ((tag.number == 4 || tag.number == 6) && tag.wire == Wire::fixed64) {
      if (!fields.fixed64(bits)) return false;
      point.as_double.reset();  // one of the two: the later
      point.as_int.reset();
      if (tag.number == 4) {
        point.as_double = std::bit_cast<double>(bits);
      } else {
        point.as_int = std::bit_cast<std::int64_t>(bits);
      }
    } else if (!read_common(fields, tag, {7, 5, 8}, point)) {
      return false;
    }
  }
  return !fields.failed();
}

bool read(std::string_view bytes, OtlpHistogram& point) {
  clear(point);
  point.bucket_counts.clear();
  point.explicit_bounds.clear();
  Fields fields(bytes);
  for (Tag tag; fields.next(tag);) {
    const bool read = tag.number == 6   ? append_fixed(fields, tag.wire, point.bucket_counts)
                      : tag.number == 7 ? append_fixed(fields, tag.wire, point.explicit_bounds)
                                        : read_histogram(fields, tag, {9, 8, 10}, point);
    if (!read) return false;
  }
  return !fields.failed();
}

bool read(std::string_view bytes, OtlpExponential& point) {
  clear(point);
  point.scale = 0;
  point.zero_count = 0;
  point.zero_threshold = 0;
  for (OtlpBuckets* side : {&point.positive, &point.negative}) {
    side->offset = 0;
    side->counts.clear();
  }
  Fields fields(bytes);
  for (Tag tag; fields.next(tag);) {
    if (!read_exponential(fields, tag, point)) return false;
  }
  return !fields.failed();
}

bool read(std::string_view bytes, OtlpExemplar& exemplar) {
  exemplar = {};
  Fields fields(bytes);
  for (Tag tag; fields.next(tag);) {
    std::uint64_t bits = 0;
    if (tag.number == 2 && tag.wire == Wire::fixed64) {
      if (!fields.fixed64(exemplar.time)) return false;
    } else if ((tag.number == 3 || tag.number == 6) && tag.wire == Wire::fixed64) {
      if (!fields.fixed64(bits)) return false;
      exemplar.as_double.reset();  // one of the two: the later
      exemplar.as_int.reset();
      if (tag.number == 3) {
        exemplar.as_double = std::bit_cast<double>(bits);
      } else {
        exemplar.as_int = std::bit_cast<std::int64_t>(bits);
      }
    } else if (tag.number == 5 && tag.wire == Wire::bytes) {
      if (!fields.bytes(exemplar.trace)) return false;
    } else if (tag.number == 7 && tag.wire == Wire::bytes) {
      if (!fields.bytes(exemplar.attributes.emplace_back())) return false;
    } else if (!fields.pass(tag.wire)) {
      return false;
    }
  }
  return !fields.failed();
}

}  // namespace rollbook::adapters
