// SPDX-License-Identifier: Apache-2.0
#include "firewall/codec/elements.h"

#include <algorithm>
#include <array>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <fmt/format.h>

#include "net/range.h"

namespace cw::firewall {

namespace {

using netlink::Attribute;
using netlink::Attributes;

// nft packs the types of a concatenation into one number, six bits each (TYPE_BITS there).
constexpr unsigned kTypeBits = 6;
constexpr std::uint32_t kTypeMask = (1U << kTypeBits) - 1;
// Each field of a concatenation begins at a register of 32 bits.
constexpr std::size_t kRegister = 4;

std::size_t size_of(DataType type) {
  switch (type) {
    case DataType::Ipv4Address:
      return 4;
    case DataType::Ipv6Address:
      return 16;
    case DataType::InetProtocol:
      return 1;
    case DataType::InetService:
      return 2;
  }
  return 0;
}

std::optional<DataType> known_type(std::uint32_t number) {
  switch (number) {
    case static_cast<std::uint32_t>(DataType::Ipv4Address):
      return DataType::Ipv4Address;
    case static_cast<std::uint32_t>(DataType::Ipv6Address):
      return DataType::Ipv6Address;
    case static_cast<std::uint32_t>(DataType::InetProtocol):
      return DataType::InetProtocol;
    case static_cast<std::uint32_t>(DataType::InetService):
      return DataType::InetService;
    default:
      return std::nullopt;
  }
}

std::uint32_t big_endian(Bytes bytes) {
  std::uint32_t value = 0;
  for (const auto byte : bytes) {
    value = value << 8U | byte;
  }
  return value;
}

// One field from `first` to `last`, both included.
Result<std::string> field_text(DataType type, Bytes first, Bytes last) {
  if (first.size() != size_of(type) || last.size() != first.size()) {
    return Error::make(ErrorKind::Bug, "an nft element has a key of another size than its set");
  }
  if (type == DataType::Ipv4Address || type == DataType::Ipv6Address) {
    return net::Range{.first = *net::Ip::from_bytes(first), .last = *net::Ip::from_bytes(last)}
        .to_text();
  }
  const auto low = big_endian(first);
  const auto high = big_endian(last);
  return low == high ? std::to_string(low) : fmt::format("{}-{}", low, high);
}

Result<std::string> concatenation_text(const std::vector<DataType>& types, Bytes first,
                                       Bytes last) {
  std::string text;
  std::size_t at = 0;
  for (const auto type : types) {
    const auto size = size_of(type);
    if (at + size > first.size() || at + size > last.size()) {
      return Error::make(ErrorKind::Bug, "an nft element has a shorter key than its set");
    }
    text += text.empty() ? "" : " . ";
    text += CW_TRY(field_text(type, first.subspan(at, size), last.subspan(at, size)));
    at += (size + kRegister - 1) / kRegister * kRegister;
  }
  return text;
}

std::string with_value(std::string key, const RawElement& element) {
  return element.value.empty() ? std::move(key) : std::move(key) + " : " + element.value;
}

// The value before `key`, which is not all zeros.
std::vector<std::uint8_t> before(std::vector<std::uint8_t> key) {
  for (auto byte = key.rbegin(); byte != key.rend(); ++byte) {
    if ((*byte)-- != 0) {
      break;
    }
  }
  return key;
}

// Pairs each start with what comes behind it: its own end, or the next start where two intervals
// touch, or nothing where it reaches the highest value.
Result<std::vector<std::string>> interval_texts(DataType type, std::vector<RawElement> elements) {
  std::ranges::sort(elements, [](const auto& a, const auto& b) {
    return a.key != b.key ? a.key < b.key : a.end && !b.end;
  });
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const auto& start = elements[i];
    if (start.end) {
      continue;
    }
    const auto last = i + 1 < elements.size() ? before(elements[i + 1].key)
                                              : std::vector<std::uint8_t>(start.key.size(), 0xff);
    texts.push_back(with_value(CW_TRY(field_text(type, start.key, last)), start));
  }
  return texts;
}

std::string verdict_text(const Attribute& verdict) {
  const Attributes attributes(verdict.payload);
  const auto code = attributes.find(NFTA_VERDICT_CODE);
  const auto chain = attributes.find(NFTA_VERDICT_CHAIN);
  const auto target = chain ? " " + std::string(chain->text()) : std::string();
  switch (static_cast<std::int32_t>(code ? code->as_big<std::uint32_t>().value_or(0) : 0)) {
    case NF_ACCEPT:
      return "accept";
    case NF_DROP:
      return "drop";
    case NFT_CONTINUE:
      return "continue";
    case NFT_RETURN:
      return "return";
    case NFT_JUMP:
      return "jump" + target;
    case NFT_GOTO:
      return "goto" + target;
    default:
      return "unknown";
  }
}

std::vector<std::uint8_t> value_of(const Attribute& data) {
  const auto value = Attributes(data.payload).find(NFTA_DATA_VALUE);
  return value ? std::vector<std::uint8_t>(value->payload.begin(), value->payload.end())
               : std::vector<std::uint8_t>();
}

bool decode_element(const Attribute& nest, RawElement& element) {
  Attributes attributes(nest.payload);
  while (const auto attribute = attributes.next()) {
    switch (attribute->type) {
      case NFTA_SET_ELEM_KEY:
        element.key = value_of(*attribute);
        break;
      case NFTA_SET_ELEM_KEY_END:
        element.key_end = value_of(*attribute);
        break;
      case NFTA_SET_ELEM_DATA:
        if (const auto verdict = Attributes(attribute->payload).find(NFTA_DATA_VERDICT)) {
          element.value = verdict_text(*verdict);
        }
        break;
      case NFTA_SET_ELEM_OBJREF:
        element.value = fmt::format("\"{}\"", attribute->text());
        break;
      case NFTA_SET_ELEM_FLAGS: {
        const auto flags = attribute->as_big<std::uint32_t>().value_or(0);
        element.end = (flags & NFT_SET_ELEM_INTERVAL_END) != 0;
        element.catch_all = (flags & NFT_SET_ELEM_CATCHALL) != 0;
        break;
      }
      default:  // comments, counters, time-outs: not what we write
        break;
    }
  }
  return !attributes.malformed();
}

Error cannot_list(const Attributes& set, const char* why) {
  const auto name = set.find(NFTA_SET_NAME);
  return Error::make(ErrorKind::Unsupported,
                     fmt::format("cannot list nft set {}: {}", name ? name->text() : "", why));
}

}  // namespace

Result<SetShape> decode_set(const Message& message) {
  const Attributes attributes(message.payload, sizeof(nfgenmsg));
  const auto number = [&attributes](std::uint16_t type) {
    const auto attribute = attributes.find(type);
    return attribute ? attribute->as_big<std::uint32_t>().value_or(0) : 0;
  };
  const auto flags = number(NFTA_SET_FLAGS);
  SetShape shape;
  shape.interval = (flags & NFT_SET_INTERVAL) != 0;
  shape.verdict_map = (flags & NFT_SET_MAP) != 0;
  if (shape.verdict_map && number(NFTA_SET_DATA_TYPE) != NFT_DATA_VERDICT) {
    return cannot_list(attributes, "it maps to something else than verdicts");
  }
  for (auto types = number(NFTA_SET_KEY_TYPE); types != 0; types >>= kTypeBits) {
    const auto type = known_type(types & kTypeMask);
    if (!type) {
      return cannot_list(attributes, "its key is of an unknown type");
    }
    shape.key.insert(shape.key.begin(), *type);
  }
  if (shape.key.empty()) {
    return cannot_list(attributes, "its key has no type");
  }
  return shape;
}

bool decode_elements(const Message& message, std::vector<RawElement>& into) {
  const auto list = Attributes(message.payload, sizeof(nfgenmsg)).find(NFTA_SET_ELEM_LIST_ELEMENTS);
  if (!list) {
    return true;  // an empty set
  }
  Attributes nests(list->payload);
  while (const auto nest = nests.next()) {
    if (!decode_element(*nest, into.emplace_back())) {
      return false;
    }
  }
  return !nests.malformed();
}

Result<std::vector<std::string>> to_text(const SetShape& shape, std::vector<RawElement> elements) {
  std::vector<std::string> texts;
  std::erase_if(elements, [&texts](const auto& element) {
    if (element.catch_all) {
      texts.push_back(with_value("*", element));
    }
    return element.catch_all;
  });
  if (shape.interval && shape.key.size() == 1) {
    auto intervals = CW_TRY(interval_texts(shape.key[0], std::move(elements)));
    std::ranges::move(intervals, std::back_inserter(texts));
  } else {
    for (const auto& element : elements) {
      const auto& last = element.key_end.empty() ? element.key : element.key_end;
      texts.push_back(
          with_value(CW_TRY(concatenation_text(shape.key, element.key, last)), element));
    }
  }
  std::ranges::sort(texts);
  return texts;
}

}  // namespace cw::firewall
