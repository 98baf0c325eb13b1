// SPDX-License-Identifier: Apache-2.0
#include "network/sealed_key.h"

#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sodium.h>

#include "net/prefix.h"
#include "network/name.h"

namespace cw::network {

namespace {

constexpr std::string_view kFirstLine = "causeway gateway key 1";
constexpr std::size_t kLines = 6;
constexpr std::uint64_t kMostPasses = 100;
constexpr std::size_t kMostMemory = std::size_t{1} << 30U;  // of a file somebody else made

using Salt = std::array<std::uint8_t, crypto_pwhash_SALTBYTES>;
using Nonce = std::array<std::uint8_t, crypto_secretbox_NONCEBYTES>;
using Box = std::array<std::uint8_t, crypto_secretbox_MACBYTES + net::kKeySize>;

// Bytes that are wiped when they go.
template <std::size_t Size>
struct Wiped {
  std::array<std::uint8_t, Size> bytes{};

  Wiped() = default;
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;

  ~Wiped() { sodium_memzero(bytes.data(), bytes.size()); }
};

using BoxKey = Wiped<crypto_secretbox_KEYBYTES>;

std::string base64(std::span<const std::uint8_t> bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // its NUL
  return text;
}

template <class Bytes>
bool read_base64(std::string_view text, Bytes& out) {
  std::size_t size = 0;
  const char* end = nullptr;
  return sodium_base642bin(out.data(), out.size(), text.data(), text.size(), nullptr, &size, &end,
                           sodium_base64_VARIANT_ORIGINAL) == 0 &&
         size == out.size() && end == text.data() + text.size();
}

struct Sealed {
  SealedName name;
  SealCost cost;
  Salt salt{};
  Nonce nonce{};
  Box box{};
  std::string_view head;  // the lines above `secretbox`
};

Error not_sealed(std::string_view what) {
  return Error::invalid(fmt::format("this is not a sealed gateway key: {}", what));
}

std::optional<std::string_view> behind(std::string_view line, std::string_view word) {
  if (!line.starts_with(word) || line.size() <= word.size() || line[word.size()] != ' ') {
    return std::nullopt;
  }
  return line.substr(word.size() + 1);
}

template <class T>
bool read_number(std::string_view& rest, T& out) {
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), out);
  if (error != std::errc() || end == rest.data() + rest.size() || *end != ' ') {
    return false;
  }
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()) + 1);
  return true;
}

Result<> read_cost(std::string_view line, Sealed& sealed) {
  auto rest = behind(line, "argon2id");
  if (!rest || !read_number(*rest, sealed.cost.passes) || !read_number(*rest, sealed.cost.memory) ||
      !read_base64(*rest, sealed.salt)) {
    return not_sealed("its line `argon2id` is wrong");
  }
  if (sealed.cost.passes < crypto_pwhash_OPSLIMIT_MIN || sealed.cost.passes > kMostPasses ||
      sealed.cost.memory < crypto_pwhash_MEMLIMIT_MIN || sealed.cost.memory > kMostMemory) {
    return not_sealed(fmt::format("opening it would take {} passes over {} bytes",
                                  sealed.cost.passes, sealed.cost.memory));
  }
  return {};
}

Result<> read_box(std::string_view line, Sealed& sealed) {
  const auto rest = behind(line, "secretbox").value_or("");
  const auto blank = rest.find(' ');
  if (blank == std::string_view::npos || !read_base64(rest.substr(0, blank), sealed.nonce) ||
      !read_base64(rest.substr(blank + 1), sealed.box)) {
    return not_sealed("its line `secretbox` is wrong");
  }
  return {};
}

Result<Sealed> read(std::string_view text) {
  if (text.size() > kLargestSealedKey) {
    return not_sealed("it is too large");
  }
  Sealed sealed;
  std::vector<std::string_view> lines;
  for (auto rest = text; !rest.empty();) {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) {
      return not_sealed("its last line is cut");
    }
    lines.push_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  if (lines.empty() || lines[0] != kFirstLine) {
    return not_sealed(fmt::format("it does not begin with `{}`", kFirstLine));
  }
  if (lines.size() != kLines) {
    return not_sealed(fmt::format("it has {} lines and not {}", lines.size(), kLines));
  }
  const auto network = behind(lines[1], "network");
  const auto gateway = behind(lines[2], "gateway");
  const auto key = behind(lines[3], "public-key");
  if (!network || !gateway || !key) {
    return not_sealed("a line is missing");
  }
  sealed.name.network = CW_TRY(net::Prefix::parse(*network)).to_text();
  sealed.name.gateway = CW_TRY(parse_gateway_name(*gateway));
  sealed.name.public_key = CW_TRY(net::PublicKey::parse(*key));
  CW_TRY(read_cost(lines[4], sealed));
  CW_TRY(read_box(lines[5], sealed));
  sealed.head = text.substr(0, static_cast<std::size_t>(lines[5].data() - text.data()));
  return sealed;
}

Result<> derive(const net::Secret& passphrase, const Salt& salt, const SealCost& cost,
                std::string_view head, BoxKey& out) {
  BoxKey stretched;
  const auto text = passphrase.expose();
  if (crypto_pwhash(stretched.bytes.data(), stretched.bytes.size(), text.data(), text.size(),
                    salt.data(), cost.passes, cost.memory, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return Error::make(ErrorKind::Exhausted,
                       fmt::format("there are no {} MiB of memory for it", cost.memory >> 20U));
  }
  const std::vector<std::uint8_t> bytes(head.begin(), head.end());
  crypto_generichash(out.bytes.data(), out.bytes.size(), bytes.data(), bytes.size(),
                     stretched.bytes.data(), stretched.bytes.size());
  return {};
}

}  // namespace

Result<std::string> seal(const net::PrivateKey& key, std::string_view network,
                         std::string_view gateway, const net::Secret& passphrase,
                         const SealCost& cost) {
  if (passphrase.size() < kShortestPassphrase) {
    return Error::invalid(
        fmt::format("the passphrase is shorter than {} characters", kShortestPassphrase));
  }
  Salt salt{};
  Nonce nonce{};
  Box box{};
  randombytes_buf(salt.data(), salt.size());
  randombytes_buf(nonce.data(), nonce.size());
  const auto head = fmt::format("{}\nnetwork {}\ngateway {}\npublic-key {}\nargon2id {} {} {}\n",
                                kFirstLine, network, gateway, key.public_key().to_text(),
                                cost.passes, cost.memory, base64(salt));
  BoxKey box_key;
  CW_TRY(derive(passphrase, salt, cost, head, box_key));
  crypto_secretbox_easy(box.data(), key.expose().data(), net::kKeySize, nonce.data(),
                        box_key.bytes.data());
  return fmt::format("{}secretbox {} {}\n", head, base64(nonce), base64(box));
}

Result<SealedName> sealed_name(std::string_view sealed) {
  return CW_TRY(read(sealed)).name;
}

Result<net::PrivateKey> unseal(std::string_view sealed, const net::Secret& passphrase) {
  const auto content = CW_TRY(read(sealed));
  BoxKey box_key;
  CW_TRY(derive(passphrase, content.salt, content.cost, content.head, box_key));
  Wiped<net::kKeySize> bytes;
  if (crypto_secretbox_open_easy(bytes.bytes.data(), content.box.data(), content.box.size(),
                                 content.nonce.data(), box_key.bytes.data()) != 0) {
    return Error::make(ErrorKind::Permission,
                       "the passphrase is wrong, or the sealed key was changed");
  }
  auto key = CW_TRY(net::PrivateKey::from_bytes(bytes.bytes));
  if (key.public_key() != content.name.public_key) {
    return not_sealed("the key in it is another than it says");
  }
  return key;
}

}  // namespace cw::network
