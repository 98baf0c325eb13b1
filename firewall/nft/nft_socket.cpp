// SPDX-License-Identifier: Apache-2.0
#include "firewall/nft/nft_socket.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include <linux/netlink.h>
#include <sys/mman.h>

#include <fmt/format.h>
#include <nftables/libnftables.h>
#include <sodium.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "firewall/codec/elements.h"
#include "firewall/codec/fingerprint.h"
#include "firewall/codec/listing.h"
#include "firewall/codec/nft_error.h"
#include "firewall/codec/request.h"
#include "firewall/ruleset/transactions.h"
#include "net/ip.h"

namespace cw::firewall {

namespace {

using netlink::Message;
using netlink::retry_interrupted;

constexpr std::size_t kMarkSize = 16;  // an ipv6_addr

std::uint64_t big_endian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < sizeof value; ++i) {
    value = value << 8U | bytes[i];
  }
  return value;
}

Result<UniqueFd> memory_file(std::string_view text) {
  UniqueFd fd(::memfd_create("ruleset", MFD_CLOEXEC));
  if (!fd) {
    return Error::from_errno(errno, "cannot make a memory file for the ruleset");
  }
  while (!text.empty()) {
    const auto put = ::write(fd.get(), text.data(), text.size());
    if (put < 0 && errno != EINTR) {
      return Error::from_errno(errno, "cannot write the ruleset to memory");
    }
    text.remove_prefix(put < 0 ? 0 : static_cast<std::size_t>(put));
  }
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) {
    return Error::from_errno(errno, "cannot rewind the ruleset");
  }
  return fd;
}

}  // namespace

void NftSocket::Free::operator()(nft_ctx* context) const {
  nft_ctx_free(context);
}

NftSocket::NftSocket(netlink::Channel channel) : channel_(std::move(channel)) {}

Result<NftSocket> NftSocket::create() {
  return NftSocket(CW_TRY_IN(netlink::Channel::open(NETLINK_NETFILTER), "opening nf_tables"));
}

// A context keeps what it last listed or wrote, some 20 MB for 10,000 peers, until its next
// command: so each command has its own, which costs a tenth of a millisecond.
Result<NftSocket::Context> NftSocket::open_context() {
  Context context(nft_ctx_new(NFT_CTX_DEFAULT));
  if (context == nullptr || nft_ctx_buffer_output(context.get()) != 0 ||
      nft_ctx_buffer_error(context.get()) != 0) {
    return Error::from_errno(ENOMEM, "cannot start libnftables");
  }
  nft_ctx_output_set_flags(
      context.get(), NFT_CTX_OUTPUT_STATELESS | NFT_CTX_OUTPUT_TERSE | NFT_CTX_OUTPUT_NUMERIC_ALL);
  return context;
}

// From a file and not from a buffer: only then does libnftables say on which line it stumbled.
Result<> NftSocket::run(std::string_view text, const std::string& what, Run how) {
  const auto context = CW_TRY(open_context());
  nft_ctx_set_dry_run(context.get(), how == Run::Check);
  const auto file = CW_TRY(memory_file(text));
  const auto path = fmt::format("/proc/self/fd/{}", file.get());
  const int code = nft_run_cmd_from_filename(context.get(), path.c_str());
  const std::string complaint = nft_ctx_get_error_buffer(context.get());
  if (code != 0) {
    return nft_error(complaint, what);
  }
  return {};
}

Result<> NftSocket::commit(const std::string& text) {
  committed_ = CW_TRY(generation()) + 1;
  return run(text, "cannot change the firewall");
}

Result<> NftSocket::start(const std::vector<std::string>& texts) {
  committed_ = CW_TRY(generation());
  return run_all(texts);
}

Result<> NftSocket::run_all(const std::vector<std::string>& texts) {
  committed_ += static_cast<std::uint32_t>(texts.size());
  for (const auto& text : texts) {
    CW_TRY(run(text, "cannot change the firewall"));
  }
  return {};
}

Result<> NftSocket::check(const std::string& text) {
  return run(text, "nftables would not take it", Run::Check);
}

Result<std::uint32_t> NftSocket::generation() {
  const std::string what = "cannot read the generation of nf_tables";
  std::optional<std::uint32_t> number;
  auto request = get_generation();
  CW_TRY(channel_.exchange(request, what, [&number](const Message& message) {
    if (const auto found = decode_generation(message)) {
      number = found;
    }
  }));
  if (!number) {
    return Error::make(ErrorKind::Bug, what + ": the kernel's answer has none");
  }
  return *number;
}

Result<bool> NftSocket::table_is_there() {
  auto request = get_table(kTable);
  const auto result =
      channel_.exchange(request, fmt::format("cannot read nft table inet {}", kTable));
  if (!result && result.error().os == ENOENT) {
    return false;
  }
  if (!result) {
    return result.error();
  }
  return true;
}

Result<std::vector<std::uint8_t>> NftSocket::mark_in(const char* set) {
  return retry_interrupted([&]() -> Result<std::vector<std::uint8_t>> {
    auto request = list_elements(kTable, set);
    std::vector<RawElement> found;
    bool readable = true;
    const auto result = channel_.exchange(
        request, fmt::format("cannot read nft set {}", set),
        [&](const Message& message) { readable = readable && decode_elements(message, found); });
    if (!result && result.error().os == ENOENT) {
      return std::vector<std::uint8_t>();
    }
    if (!result) {
      return result.error();
    }
    if (!readable || found.size() != 1 || found[0].key.size() != kMarkSize) {
      return std::vector<std::uint8_t>();  // somebody else's set of that name
    }
    return std::move(found[0].key);
  });
}

Result<std::vector<std::string>> NftSocket::elements(const std::string& set) {
  const auto what = fmt::format("cannot list nft set {}", set);
  Result<SetShape> shape = Error::make(ErrorKind::Bug, what + ": the kernel does not describe it");
  auto question = get_set(kTable, set);
  CW_TRY(channel_.exchange(question, what,
                           [&shape](const Message& message) { shape = decode_set(message); }));
  if (!shape) {
    return std::move(shape).error();
  }
  return retry_interrupted([&]() -> Result<std::vector<std::string>> {
    auto request = list_elements(kTable, set);
    std::vector<RawElement> found;
    bool readable = true;
    CW_TRY(channel_.exchange(request, what, [&](const Message& message) {
      readable = readable && decode_elements(message, found);
    }));
    if (!readable) {
      return Error::make(ErrorKind::Bug, what + ": the kernel's answer cannot be read");
    }
    return to_text(*shape, std::move(found));
  });
}

Result<NftSocket::Listing> NftSocket::list() {
  const std::string what = "cannot read the structure of the firewall";
  return retry_interrupted([&]() -> Result<Listing> {
    Fingerprint fingerprint;
    Listing listing;
    for (auto request : {get_table(kTable), list_chains(), list_rules(kTable), list_sets(kTable),
                         list_objects(kTable), list_flowtables(kTable)}) {
      CW_TRY(channel_.exchange(request, what, [&](const Message& message) {
        append(fingerprint, message, kTable);
        append(listing.contents, message, kTable);
      }));
    }
    sort(listing.contents);
    for (const auto& set : fingerprint.anonymous_sets) {
      std::vector<std::vector<std::uint8_t>> elements;
      auto request = list_elements(kTable, set);
      CW_TRY(channel_.exchange(
          request, what, [&](const Message& message) { collect_elements(elements, message); }));
      append(fingerprint, std::move(elements));
    }
    listing.hash.resize(kMarkSize);
    crypto_generichash(listing.hash.data(), listing.hash.size(), fingerprint.bytes.data(),
                       fingerprint.bytes.size(), nullptr, 0);
    return listing;
  });
}

Result<TableState> NftSocket::read(Depth depth, const std::vector<std::string>& sets) {
  TableState state;
  state.present = CW_TRY(table_is_there());
  if (!state.present) {
    return state;
  }
  const auto mark = CW_TRY(mark_in(kDigestSet));
  if (!mark.empty()) {
    state.digest =
        Digest{.structure = big_endian(mark.data()), .contents = big_endian(mark.data() + 8)};
  }
  if (depth == Depth::Digest) {
    return state;
  }
  const auto sealed = CW_TRY(mark_in(kSealSet));
  auto listing = CW_TRY(list());
  state.edited = sealed != listing.hash;
  if (state.edited || !state.digest) {
    return state;  // nobody can say what its sets are by now
  }
  auto& contents = state.contents.emplace(std::move(listing.contents));
  for (const auto& set : sets) {
    auto found = elements(set);
    if (!found && found.error().os == ENOENT) {
      continue;
    }
    if (!found) {
      return std::move(found).error();
    }
    contents.sets.push_back({.name = set, .elements = SetElements(*found)});
  }
  return state;
}

// An edit that comes after the check is not in the hash, and so shows.
Result<> NftSocket::seal() {
  const auto hash = CW_TRY(list()).hash;
  if (CW_TRY(generation()) != committed_) {
    return Error::make(ErrorKind::Interrupted,
                       "somebody else changed nftables while the firewall was being sealed");
  }
  const auto element = CW_TRY(net::Ip::from_bytes(hash));
  return run(fmt::format("flush set inet {0} {1}\nadd element inet {0} {1} {{ {2} }}\n", kTable,
                         kSealSet, element.to_text()),
             "cannot seal the firewall");
}

Result<> NftSocket::exchange(const std::vector<std::string>& texts) {
  const auto before = CW_TRY(generation());
  const auto sealed = CW_TRY(mark_in(kSealSet));
  if (sealed != CW_TRY(list()).hash) {
    return Error::make(ErrorKind::Interrupted, "somebody else has changed the firewall");
  }
  committed_ = before;
  return run_all(texts);
}

Result<> NftSocket::finish(const std::string& text) {
  if (!text.empty()) {
    ++committed_;
    CW_TRY(run(text, "cannot clear the firewall of what it had"));
  }
  return seal();
}

Result<std::vector<std::string>> NftSocket::flowtable_devices() {
  return retry_interrupted([this]() -> Result<std::vector<std::string>> {
    auto request = list_flowtables(kTable);
    std::vector<std::string> devices;
    CW_TRY(channel_.exchange(
        request, "cannot list the firewall's flowtable", [&devices](const Message& message) {
          std::ranges::move(decode_flowtable_devices(message, kTable), std::back_inserter(devices));
        }));
    return devices;
  });
}

Result<std::vector<ForeignChain>> NftSocket::foreign_chains() {
  return retry_interrupted([this]() -> Result<std::vector<ForeignChain>> {
    auto request = list_chains();
    std::vector<ForeignChain> chains;
    CW_TRY(channel_.exchange(request, "cannot list the nft chains", [&](const Message& message) {
      if (auto chain = decode_foreign_chain(message)) {
        chains.push_back(std::move(*chain));
      }
    }));
    for (auto& chain : chains) {
      chain.last_rule_drops = !chain.policy_drop && CW_TRY(ends_in_drop(chain));
    }
    return chains;
  });
}

Result<std::vector<Counter>> NftSocket::counters() {
  return retry_interrupted([this]() -> Result<std::vector<Counter>> {
    auto request = list_counters(kTable);
    std::vector<Counter> counters;
    CW_TRY(channel_.exchange(request, "cannot read the firewall's counters",
                             [&counters](const Message& message) {
                               if (auto counter = decode_counter(message, kTable)) {
                                 counters.push_back(std::move(*counter));
                               }
                             }));
    return counters;
  });
}

Result<bool> NftSocket::ends_in_drop(const ForeignChain& chain) {
  auto request = list_rules(chain);
  bool drops = false;
  auto listed = channel_.exchange(
      request, fmt::format("cannot list nft chain {} {} {}", chain.family, chain.table, chain.name),
      [&drops](const Message& message) { drops = decode_drops_all(message).value_or(drops); });
  if (!listed && listed.error().os != ENOENT) {  // it went meanwhile
    return std::move(listed).error();
  }
  return drops;
}

}  // namespace cw::firewall
