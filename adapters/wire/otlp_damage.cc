#include "adapters/wire/otlp_damage.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

namespace rollbook::adapters {
namespace {

// A message that others lie in: which of its fields are messages, and of what kind.
struct Shape {
  std::string_view name;
  struct Field {
    std::uint32_t number;
    const Shape* shape;
  } fields[5];
};
constexpr Shape kLeaf{"", {}};
constexpr Shape kPoint{"dataPoints", {}};
constexpr Shape kPoints{"data", {{1, &kPoint}}};
constexpr Shape kMetric{
    "metrics", {{5, &kPoints}, {7, &kPoints}, {9, &kPoints}, {10, &kPoints}, {11, &kLeaf}}};
constexpr Shape kScope{"scope", {}};
constexpr Shape kScopeMetrics{"scopeMetrics", {{1, &kScope}, {2, &kMetric}}};
constexpr Shape kResource{"resource", {}};
constexpr Shape kResourceMetrics{"resourceMetrics", {{1, &kResource}, {2, &kScopeMetrics}}};
constexpr Shape kData{"", {{1, &kResourceMetrics}}};

class Walk {
 public:
  explicit Walk(std::string_view message) : message_(message) {}

  // True when all of [at, end) can be read; else `reason` is set.
  bool message(const Shape& shape, std::size_t end, const std::string& path) {
    while (at_ < end) {
      const std::size_t begin = at_;
      const auto tag = varint(end);
      if (!tag || *tag >> 3 == 0 || *tag >> 32 != 0) return fail(begin, path, "no field begins");
      switch (*tag & 7) {
        case 0:
          if (!varint(end)) return fail(begin, path, "a number does not end");
          break;
        case 1:
        case 5: {
          const std::size_t size = (*tag & 7) == 1 ? 8 : 4;
          if (end - at_ < size) return fail(begin, path, "a number is cut short");
          at_ += size;
          break;
        }
        case 2:
          if (!field(shape, static_cast<std::uint32_t>(*tag >> 3), begin, end, path)) return false;
          break;
        default:
          return fail(begin, path, "a field of a type that is not known");
      }
    }
    return true;
  }
  std::string reason;

 private:
  bool field(const Shape& shape, std::uint32_t number, std::size_t begin, std::size_t end,
             const std::string& path) {
    const auto size = varint(end);
    if (!size) return fail(begin, path, "a length does not end");
    if (*size > end - at_) {
      return fail(begin, path, fmt::format("a field of {} bytes, {} are left", *size, end - at_));
    }
    const std::size_t inner_end = at_ + static_cast<std::size_t>(*size);
    for (const Shape::Field& inner : shape.fields) {
      if (inner.shape == nullptr || inner.number != number) continue;
      const std::string name(inner.shape->name);
      if (!message(*inner.shape, inner_end, path.empty() ? name : path + "." + name)) return false;
    }
    at_ = inner_end;
    return true;
  }

  std::optional<std::uint64_t> varint(std::size_t end) {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && at_ < end; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(message_[at_++]);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }

  bool fail(std::size_t at, const std::string& path, std::string_view what) {
    reason = fmt::format("byte {}{}{}: {}", at, path.empty() ? "" : ", in ", path, what);
    return false;
  }

  std::string_view message_;
  std::size_t at_ = 0;
};

}  // namespace

std::string find_otlp_damage(std::string_view message) {
  Walk walk(message);
  if (walk.message(kData, message.size(), "")) return "a field of another type than OTLP's";
  return walk.reason;
}

}  // namespace rollbook::adapters
