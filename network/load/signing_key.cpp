// SPDX-License-Identifier: Apache-2.0
#include "network/load/signing_key.h"

#include <array>
#include <cerrno>
#include <span>

#include <sys/random.h>
#include <sys/stat.h>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "net/key.h"

namespace cw::network {

namespace {

constexpr mode_t kSecretMode = 0600;
constexpr mode_t kPublicMode = 0644;

Result<> fill_randomly(std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno != EINTR) {
      return Error::from_errno(errno, "cannot read random bytes");
    }
    bytes = bytes.subspan(got < 0 ? 0 : static_cast<std::size_t>(got));
  }
  return {};
}

// Without a passphrase the file's mode is all that keeps the key.
Result<> check_secrecy(int fd, const std::string& path) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) {
    return Error::from_errno(errno, "cannot examine " + path);
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error::make(
        ErrorKind::Permission,
        fmt::format("the signing key {0} has no passphrase and mode {1:04o}, so others can read "
                    "it; run `chmod 0600 {0}`, and consider the key known",
                    path, status.st_mode & 07777U));
  }
  return {};
}

// A text with a secret, which goes wherever the function ends.
struct WipedText {
  std::string text;

  explicit WipedText(std::string secret) : text(std::move(secret)) {}

  WipedText(const WipedText&) = delete;
  WipedText& operator=(const WipedText&) = delete;
  WipedText(WipedText&&) = delete;
  WipedText& operator=(WipedText&&) = delete;

  ~WipedText() { net::wipe(text); }
};

Result<> write_secret(const std::string& path, const minisign::SecretKey& key,
                      const net::Secret* passphrase) {
  std::optional<minisign::Encryption> encryption;
  if (passphrase != nullptr) {
    encryption.emplace(minisign::Encryption{.passphrase = passphrase->expose()});
    CW_TRY(fill_randomly(encryption->salt));
  }
  const WipedText file(CW_TRY(minisign::secret_key_file(key, encryption)));
  return create_file(path, file.text, kSecretMode);
}

}  // namespace

Result<minisign::SecretKey> make_signing_key() {
  std::array<std::uint8_t, minisign::kSeedSize> seed{};
  minisign::KeyId id{};
  CW_TRY(fill_randomly(seed));
  CW_TRY(fill_randomly(id));
  auto key = minisign::SecretKey::from_seed(seed, id);
  net::wipe(seed);
  return key;
}

Result<> write_signing_key(const std::string& path, const minisign::SecretKey& key,
                           const net::Secret* passphrase) {
  const std::string public_path = path + ".pub";
  if (::access(public_path.c_str(), F_OK) == 0) {
    return Error::make(ErrorKind::Exists, public_path + " exists already");
  }
  CW_TRY(write_secret(path, key, passphrase));
  auto done = create_file(public_path, minisign::public_key_file(key.public_key()), kPublicMode);
  if (!done) {
    ::unlink(path.c_str());  // best effort: the error that matters is already in hand
  }
  return done;
}

Result<minisign::SecretKey> read_signing_key(const std::string& path, const AskPassphrase& ask) {
  const UniqueFd fd = CW_TRY(open_regular(path));
  const WipedText file(CW_TRY(read_all(fd.get(), minisign::kLargestKeyFile, path)));
  const std::string what = "the signing key " + path;
  if (!CW_TRY_IN(minisign::is_encrypted(file.text), what)) {
    CW_TRY(check_secrecy(fd.get(), path));
    return in_context(minisign::parse_secret_key_file(file.text, std::nullopt), what);
  }
  const net::Secret passphrase = CW_TRY(ask(path));
  return in_context(minisign::parse_secret_key_file(file.text, passphrase.expose()), what);
}

Result<minisign::PublicKey> find_public_key(const std::string& text_or_path) {
  if (auto key = minisign::PublicKey::parse(text_or_path)) {
    return key;
  }
  const auto file = CW_TRY_IN(read_file(text_or_path, minisign::kLargestKeyFile),
                              "it is neither a key that begins with RW nor a file that holds one");
  return in_context(minisign::parse_public_key_file(file), text_or_path);
}

}  // namespace cw::network
