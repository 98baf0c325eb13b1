// SPDX-License-Identifier: Apache-2.0
#include "ha/replica/payload.h"

#include <algorithm>
#include <string_view>

#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>

#include <fmt/format.h>

#include "ha/replica/flow.h"
#include "ha/wire/bytes.h"

namespace cw::ha::replica {

namespace {

constexpr std::uint8_t kVersion = 1;

// As std::variant counts them.
enum class Kind : std::uint8_t { Begin, Changes, End, Tail, Have, Want };

// Of a connection: what it is, and what follows.
constexpr std::uint8_t kV6 = 1U << 0U;
constexpr std::uint8_t kUdp = 1U << 1U;
constexpr std::uint8_t kZone = 1U << 2U;
constexpr std::uint8_t kSource = 1U << 3U;  // the source that NAT gave it
constexpr std::uint8_t kDestination = 1U << 4U;
constexpr std::uint8_t kMark = 1U << 5U;
constexpr std::uint8_t kOfId = kV6 | kUdp | kZone;
constexpr std::uint8_t kOfConnection = kOfId | kSource | kDestination | kMark;

constexpr std::uint8_t kMostScale = 14;

struct Writer : wire::Writer {
  void ip(const net::Ip& ip) { append(ip.bytes()); }
};

// Remembers values that none has, too.
class Reader : public wire::Reader {
 public:
  using wire::Reader::Reader;

  net::Ip ip(bool v6) {
    const auto bytes = take(v6 ? 16 : 4);
    const auto ip = bytes.empty() ? net::Ip() : net::Ip::from_bytes(bytes).value_or(net::Ip());
    // An IPv4-mapped address is none of Ip's.
    require(ip.is_v4() != v6);
    return ip;
  }

  void require(bool so) { good_ = good_ && so; }

  [[nodiscard]] bool good() const { return good_ && !was_short(); }

 private:
  bool good_ = true;
};

std::uint8_t shape_of(const netlink::ConnectionId& id) {
  return static_cast<std::uint8_t>((id.original.source.is_v4() ? 0U : kV6) |
                                   (id.protocol == IPPROTO_UDP ? kUdp : 0U) |
                                   (id.zone != 0 ? kZone : 0U));
}

std::uint8_t shape_of(const netlink::Connection& connection) {
  const auto& original = connection.id.original;
  const auto& reply = connection.reply;
  const bool source =
      reply.destination != original.source || reply.destination_port != original.source_port;
  const bool destination =
      reply.source != original.destination || reply.source_port != original.destination_port;
  return static_cast<std::uint8_t>(shape_of(connection.id) | (source ? kSource : 0U) |
                                   (destination ? kDestination : 0U) |
                                   (connection.mark != 0 ? kMark : 0U));
}

void write_id(Writer& out, std::uint8_t shape, const netlink::ConnectionId& id) {
  out.number(shape);
  out.ip(id.original.source);
  out.ip(id.original.destination);
  out.number(id.original.source_port);
  out.number(id.original.destination_port);
  if ((shape & kZone) != 0) {
    out.number(id.zone);
  }
}

void write_connection(Writer& out, const netlink::Connection& connection) {
  const auto shape = shape_of(connection);
  write_id(out, shape, connection.id);
  if ((shape & kSource) != 0) {
    out.ip(connection.reply.destination);
    out.number(connection.reply.destination_port);
  }
  if ((shape & kDestination) != 0) {
    out.ip(connection.reply.source);
    out.number(connection.reply.source_port);
  }
  if ((shape & kMark) != 0) {
    out.number(connection.mark);
  }
  out.number(connection.timeout.value_or(0));
  if ((shape & kUdp) == 0) {
    out.number(connection.tcp_state.value_or(std::uint8_t{TCP_CONNTRACK_ESTABLISHED}));
    for (const auto& end : {connection.original_end, connection.reply_end}) {
      out.number(end.scale);
      out.number(end.flags);
    }
  }
}

netlink::ConnectionId read_id(Reader& in, std::uint8_t shape) {
  const bool v6 = (shape & kV6) != 0;
  netlink::ConnectionId id;
  id.protocol = (shape & kUdp) != 0 ? IPPROTO_UDP : IPPROTO_TCP;
  id.original.source = in.ip(v6);
  id.original.destination = in.ip(v6);
  id.original.source_port = in.number<std::uint16_t>();
  id.original.destination_port = in.number<std::uint16_t>();
  if ((shape & kZone) != 0) {
    id.zone = in.number<std::uint16_t>();
    in.require(id.zone != 0);
  }
  return id;
}

netlink::Connection read_connection(Reader& in) {
  const auto shape = in.number<std::uint8_t>();
  in.require((shape & ~kOfConnection) == 0);
  const bool v6 = (shape & kV6) != 0;
  netlink::Connection connection{.id = read_id(in, shape)};
  connection.reply = inverse(connection.id.original);
  if ((shape & kSource) != 0) {
    connection.reply.destination = in.ip(v6);
    connection.reply.destination_port = in.number<std::uint16_t>();
  }
  if ((shape & kDestination) != 0) {
    connection.reply.source = in.ip(v6);
    connection.reply.source_port = in.number<std::uint16_t>();
  }
  if ((shape & kMark) != 0) {
    connection.mark = in.number<std::uint32_t>();
  }
  in.require(shape_of(connection) == shape);  // one form for each
  connection.timeout = in.number<std::uint32_t>();
  if ((shape & kUdp) == 0) {
    connection.tcp_state = in.number<std::uint8_t>();
    in.require(is_open(*connection.tcp_state));
    for (auto* end : {&connection.original_end, &connection.reply_end}) {
      end->scale = in.number<std::uint8_t>();
      end->flags = in.number<std::uint8_t>();
      in.require(end->scale <= kMostScale && (end->flags & ~kHandshakeFlags) == 0);
    }
  }
  return connection;
}

Changes read_changes(Reader& in) {
  Changes changes;
  const auto gone = in.number<std::uint16_t>();
  const auto there = in.number<std::uint16_t>();
  for (unsigned i = 0; i < gone && in.good(); ++i) {
    const auto shape = in.number<std::uint8_t>();
    in.require((shape & ~kOfId) == 0);
    changes.gone.push_back(read_id(in, shape));
  }
  for (unsigned i = 0; i < there && in.good(); ++i) {
    changes.there.push_back(read_connection(in));
  }
  return changes;
}

void write_what(Writer& out, const Changes& changes) {
  out.number(static_cast<std::uint16_t>(changes.gone.size()));
  out.number(static_cast<std::uint16_t>(changes.there.size()));
  for (const auto& id : changes.gone) {
    write_id(out, shape_of(id), id);
  }
  for (const auto& connection : changes.there) {
    write_connection(out, connection);
  }
}

void write_what(Writer& out, const Tail& tail) {
  out.number(tail.sum.count);
  out.number(tail.sum.digest);
}

void write_what(Writer& out, const Want& want) {
  out.number(static_cast<std::uint8_t>(want.whole ? 1 : 0));
  out.number(want.first);
  out.number(want.last);
}

void write_what(Writer& /*out*/, const Begin& /*begin*/) {}

void write_what(Writer& /*out*/, const End& /*end*/) {}

void write_what(Writer& /*out*/, const Have& /*have*/) {}

Want read_want(Reader& in) {
  const auto whole = in.number<std::uint8_t>();
  const auto first = in.number<std::uint64_t>();
  const auto last = in.number<std::uint64_t>();
  in.require(whole <= 1 && (whole == 1 ? first == 0 && last == 0 : first > 0 && first <= last));
  return {.first = first, .last = last, .whole = whole == 1};
}

void read_what(Reader& in, Kind kind, Said& said) {
  switch (kind) {
    case Kind::Begin:
      said.what = Begin{};
      return;
    case Kind::Changes:
      said.what = read_changes(in);
      return;
    case Kind::End:
      said.what = End{};
      return;
    case Kind::Tail: {
      const auto count = in.number<std::uint32_t>();
      said.what = Tail{.sum = {.count = count, .digest = in.number<std::uint64_t>()}};
      return;
    }
    case Kind::Have:
      said.what = Have{};
      return;
    case Kind::Want:
      said.what = read_want(in);
      return;
  }
  in.require(false);
}

}  // namespace

Payload write(const Said& said) {
  Writer out;
  out.number(kVersion);
  out.number(static_cast<std::uint8_t>(said.what.index()));
  out.number(said.stream.term);
  out.number(said.stream.start);
  out.number(said.sequence);
  std::visit([&](const auto& what) { write_what(out, what); }, said.what);
  return std::move(out.bytes);
}

Result<Said> read(std::span<const std::uint8_t> payload) {
  if (payload.empty() || payload.size() > kMostPayload) {
    return Error::invalid(fmt::format("not about connections: {} bytes", payload.size()));
  }
  if (payload.front() != kVersion) {
    return Error::make(ErrorKind::Unsupported,
                       fmt::format("connections told in version {}, and this is version {}: finish "
                                   "the upgrade of the site's routers",
                                   payload.front(), kVersion));
  }
  Reader in(payload.subspan(1));
  const auto kind = in.number<std::uint8_t>();
  Said said;
  said.stream.term = in.number<std::uint64_t>();
  said.stream.start = in.number<std::uint64_t>();
  said.sequence = in.number<std::uint64_t>();
  read_what(in, static_cast<Kind>(kind), said);
  const bool of_owner = kind < static_cast<std::uint8_t>(Kind::Have);
  const bool numbered = kind < static_cast<std::uint8_t>(Kind::Tail);
  if (!in.good() || !in.is_at_end() || (of_owner && said.stream == Stream{}) ||
      (numbered && said.sequence == 0)) {
    return Error::invalid("not about connections: it ends in the middle, or has values none has");
  }
  return said;
}

std::size_t bytes_of(const netlink::Connection& connection) {
  const auto shape = shape_of(connection);
  const std::size_t address = (shape & kV6) != 0 ? 16 : 4;
  const std::size_t nat = address + 2;
  return bytes_of(connection.id) + ((shape & kSource) != 0 ? nat : 0) +
         ((shape & kDestination) != 0 ? nat : 0) + ((shape & kMark) != 0 ? 4 : 0) + 4 +
         ((shape & kUdp) != 0 ? 0 : 5);
}

std::size_t bytes_of(const netlink::ConnectionId& gone) {
  const std::size_t address = gone.original.source.is_v4() ? 4 : 16;
  return 1 + 2 * address + 2 + 2 + (gone.zone != 0 ? 2 : 0);
}

}  // namespace cw::ha::replica
