#pragma once
// Sha256: the one hash of the log, over OpenSSL's EVP. An object is one reusable context: making
// it costs, hashing with it again does not. Belongs to one thread.
//
//   Sha256 sha;
//   Hash next = sha.of(previous, envelope_and_body);

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rollbook::store {

using Hash = std::array<std::uint8_t, 32>;

inline std::string_view as_bytes(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Hash of(std::string_view bytes);
  // Of `first ‖ second`, without joining them.
  Hash of(std::string_view first, std::string_view second);
  Hash of(const Hash& first, std::string_view second) { return of(as_bytes(first), second); }

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Lower-case hex digits of the first `bytes` bytes.
std::string to_hex(std::string_view bytes);
// The 32 bytes that 64 lower-case hex digits stand for; false when `hex` is something else.
bool from_hex(std::string_view hex, Hash& out);
// SHA-256 of a text as 64 lower-case hex digits: a plan's digest.
std::string sha256_hex(std::string_view text);

}  // namespace rollbook::store
