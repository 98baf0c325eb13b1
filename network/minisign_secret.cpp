// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>
#include <sodium.h>

#include "network/minisign.h"
#include "network/minisign_access.h"
#include "network/minisign_lines.h"

namespace cw::network::minisign {

namespace {

static_assert(kSecretKeySize == crypto_sign_SECRETKEYBYTES);
static_assert(kSeedSize == crypto_sign_SEEDBYTES);
static_assert(kSaltSize == crypto_pwhash_scryptsalsa208sha256_SALTBYTES);
static_assert(kUsualWork.operations == crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE);
static_assert(kUsualWork.memory == crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE);

constexpr std::array<std::uint8_t, 2> kEd25519 = {'E', 'd'};
constexpr std::array<std::uint8_t, 2> kScrypt = {'S', 'c'};
constexpr std::array<std::uint8_t, 2> kNoEncryption = {0, 0};
constexpr std::array<std::uint8_t, 2> kBlake2b = {'B', '2'};

// minisign's SeckeyStruct, byte for byte.
struct KeyFile {
  std::array<std::uint8_t, 2> signature_algorithm;
  std::array<std::uint8_t, 2> encryption;
  std::array<std::uint8_t, 2> checksum_algorithm;
  std::array<std::uint8_t, kSaltSize> salt;
  std::array<std::uint8_t, 8> operations;  // little-endian
  std::array<std::uint8_t, 8> memory;

  struct Sealed {
    KeyId id;
    std::array<std::uint8_t, kSecretKeySize> key;
    std::array<std::uint8_t, 32> checksum;  // zero where nothing is encrypted
  } sealed;
};

constexpr std::size_t kKeyFileSize = 158;
static_assert(sizeof(KeyFile) == kKeyFileSize && alignof(KeyFile) == 1);

// The file's content in locked memory.
struct Wiped {
  void operator()(KeyFile* file) const { sodium_free(file); }
};

using SecretFile = std::unique_ptr<KeyFile, Wiped>;

Error no_memory() {
  return Error::make(ErrorKind::Exhausted, "there is no memory for a secret key");
}

SecretFile allocate_file() {
  if (sodium_init() < 0) {
    return nullptr;
  }
  return SecretFile(static_cast<KeyFile*>(sodium_malloc(sizeof(KeyFile))));
}

std::span<std::uint8_t> all_of(KeyFile& file) {
  return {reinterpret_cast<std::uint8_t*>(&file), sizeof file};
}

void store(std::array<std::uint8_t, 8>& bytes, std::uint64_t number) {
  for (auto& byte : bytes) {
    byte = static_cast<std::uint8_t>(number & 0xffU);
    number >>= 8U;
  }
}

std::uint64_t load(const std::array<std::uint8_t, 8>& bytes) {
  std::uint64_t number = 0;
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
    number = number << 8U | *byte;
  }
  return number;
}

std::array<std::uint8_t, 32> checksum_of(const KeyFile& file) {
  crypto_generichash_state state;
  std::array<std::uint8_t, 32> sum{};
  crypto_generichash_init(&state, nullptr, 0, sum.size());
  crypto_generichash_update(&state, file.signature_algorithm.data(),
                            file.signature_algorithm.size());
  crypto_generichash_update(&state, file.sealed.id.data(), file.sealed.id.size());
  crypto_generichash_update(&state, file.sealed.key.data(), file.sealed.key.size());
  crypto_generichash_final(&state, sum.data(), sum.size());
  sodium_memzero(&state, sizeof state);
  return sum;
}

// Seals what is open, and the other way round.
Result<> apply_passphrase(KeyFile& file, std::string_view passphrase) {
  using Stream = KeyFile::Sealed;
  const std::unique_ptr<std::uint8_t, void (*)(void*)> stream(
      static_cast<std::uint8_t*>(sodium_malloc(sizeof(Stream))), sodium_free);
  if (!stream) {
    return no_memory();
  }
  if (crypto_pwhash_scryptsalsa208sha256(stream.get(), sizeof(Stream), passphrase.data(),
                                         passphrase.size(), file.salt.data(), load(file.operations),
                                         static_cast<std::size_t>(load(file.memory))) != 0) {
    return Error::make(
        ErrorKind::Exhausted,
        fmt::format("there is not enough memory for the passphrase: trying it takes {} MiB",
                    load(file.memory) >> 20U));
  }
  auto* sealed = reinterpret_cast<std::uint8_t*>(&file.sealed);
  for (std::size_t at = 0; at < sizeof(Stream); ++at) {
    sealed[at] ^= stream.get()[at];
  }
  return {};
}

Result<SecretFile> decode(std::string_view text) {
  const auto refused = [](std::string_view why) {
    return Error::invalid(fmt::format("it is no minisign secret key: {}", why));
  };
  if (text.size() > kLargestKeyFile) {
    return refused("it is too long");
  }
  const auto comment = take_line(text);
  if (!comment || !comment->starts_with(kUntrusted)) {
    return refused("its first line must begin with `untrusted comment: `");
  }
  const auto line = text.substr(0, text.find('\n'));
  auto file = allocate_file();
  if (!file) {
    return no_memory();
  }
  if (!from_base64(line, all_of(*file)) || line.size() + 1 < text.size()) {
    return refused("its second line, the last, must be 158 bytes in base64");
  }
  if (file->signature_algorithm != kEd25519 || file->checksum_algorithm != kBlake2b ||
      (file->encryption != kScrypt && file->encryption != kNoEncryption)) {
    return refused("it is made by an algorithm that this version lacks");
  }
  if (file->encryption == kScrypt &&
      (load(file->operations) > kUsualWork.operations || load(file->memory) > kUsualWork.memory)) {
    return refused("trying its passphrase would take more than minisign ever asks for");
  }
  return file;
}

}  // namespace

void SecretKey::Free::operator()(Bytes* bytes) const {
  sodium_free(bytes);
}

Result<SecretKey> SecretKey::allocate() {
  if (sodium_init() < 0) {
    return no_memory();
  }
  std::unique_ptr<Bytes, Free> bytes(static_cast<Bytes*>(sodium_malloc(sizeof(Bytes))));
  if (!bytes) {
    return no_memory();
  }
  return SecretKey(std::move(bytes));
}

Result<SecretKey> SecretKey::from_seed(std::span<const std::uint8_t, kSeedSize> seed,
                                       const KeyId& id) {
  auto key = CW_TRY(allocate());
  key.bytes_->id = id;
  std::array<std::uint8_t, kPublicKeySize> public_key{};
  crypto_sign_seed_keypair(public_key.data(), key.bytes_->key.data(), seed.data());
  return key;
}

PublicKey SecretKey::public_key() const {
  std::array<std::uint8_t, kPublicKeySize> key{};
  crypto_sign_ed25519_sk_to_pk(key.data(), bytes_->key.data());
  return {bytes_->id, key};
}

Result<std::string> secret_key_file(const SecretKey& key,
                                    const std::optional<Encryption>& encryption) {
  auto file = allocate_file();
  if (!file) {
    return no_memory();
  }
  sodium_memzero(file.get(), sizeof(KeyFile));
  file->signature_algorithm = kEd25519;
  file->checksum_algorithm = kBlake2b;
  file->sealed.id = Access::id(key);
  std::ranges::copy(Access::bytes(key), file->sealed.key.begin());
  if (encryption) {
    file->encryption = kScrypt;
    file->salt = encryption->salt;
    store(file->operations, encryption->work.operations);
    store(file->memory, encryption->work.memory);
    file->sealed.checksum = checksum_of(*file);
    CW_TRY(apply_passphrase(*file, encryption->passphrase));
  }
  std::string text =
      fmt::format("{}minisign {} secret key {}\n", kUntrusted,
                  encryption ? "encrypted" : "unencrypted", name_of(Access::id(key)));
  text.reserve(kLargestKeyFile);  // so that no copy of the secret stays behind
  std::string line = to_base64(all_of(*file));
  text += line;
  text += '\n';
  sodium_memzero(line.data(), line.size());
  return text;
}

Result<bool> is_encrypted(std::string_view text) {
  const auto file = CW_TRY(decode(text));
  return file->encryption == kScrypt;
}

Result<SecretKey> parse_secret_key_file(std::string_view text,
                                        const std::optional<std::string_view>& passphrase) {
  auto file = CW_TRY(decode(text));
  if (file->encryption == kScrypt) {
    if (!passphrase) {
      return Error::make(ErrorKind::Permission, "this secret key has a passphrase; none was given");
    }
    CW_TRY(apply_passphrase(*file, *passphrase));
    if (file->sealed.checksum != checksum_of(*file)) {
      return Error::make(ErrorKind::Permission, "that is not the passphrase of this secret key");
    }
  }
  auto key = CW_TRY(Access::allocate());
  Access::id(key) = file->sealed.id;
  std::ranges::copy(file->sealed.key, Access::bytes(key).begin());
  // Its second half is its public key. With another one there, a signature would give it away.
  const auto seed = std::span<const std::uint8_t, kSecretKeySize>(file->sealed.key);
  const auto same = CW_TRY(SecretKey::from_seed(seed.first<kSeedSize>(), file->sealed.id));
  if (same.public_key() != key.public_key()) {
    return Error::invalid("this secret key is damaged; take the copy that was put away");
  }
  return key;
}

}  // namespace cw::network::minisign
