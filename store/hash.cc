#include "store/hash.h"

#include <openssl/evp.h>

#include "engine/core/types.h"

namespace rollbook::store {

struct Sha256::Context {
  // Fetched by hand: looking the algorithm up again at each hash would take longer than hashing.
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* state = EVP_MD_CTX_new();
  ~Context() {
    EVP_MD_CTX_free(state);
    EVP_MD_free(algorithm);
  }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  ROLLBOOK_CHECK(context_->algorithm != nullptr && context_->state != nullptr);
}
Sha256::~Sha256() = default;

Hash Sha256::of(std::string_view bytes) { return of(bytes, {}); }

Hash Sha256::of(std::string_view first, std::string_view second) {
  Hash hash;
  EVP_MD_CTX* state = context_->state;
  bool good = EVP_DigestInit_ex2(state, context_->algorithm, nullptr) == 1;
  good = good && EVP_DigestUpdate(state, first.data(), first.size()) == 1;
  good = good && EVP_DigestUpdate(state, second.data(), second.size()) == 1;
  good = good && EVP_DigestFinal_ex(state, hash.data(), nullptr) == 1;
  ROLLBOOK_CHECK(good);
  return hash;
}

std::string to_hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 15]);
  }
  return hex;
}

bool from_hex(std::string_view hex, Hash& out) {
  if (hex.size() != out.size() * 2) return false;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = digit(hex[2 * i]);
    const int low = digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

std::string sha256_hex(std::string_view text) { return to_hex(as_bytes(Sha256().of(text))); }

}  // namespace rollbook::store
