// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/message.h"

#include <algorithm>
#include <limits>

namespace cw::netlink {

namespace {

Bytes behind(Bytes bytes, std::size_t size) {
  return bytes.subspan(std::min(size, bytes.size()));
}

}  // namespace

std::string_view Attribute::text() const {
  const std::string_view all(reinterpret_cast<const char*>(payload.data()), payload.size());
  return all.substr(0, all.find('\0'));
}

Attributes::Attributes(Bytes payload, std::size_t header_size)
    : rest_(behind(payload, aligned(header_size))), malformed_(payload.size() < header_size) {}

std::optional<Attribute> Attributes::next() {
  if (rest_.empty()) {
    return std::nullopt;
  }
  const auto header = front<nlattr>(rest_);
  if (!header || header->nla_len < kAttributeHeaderSize || header->nla_len > rest_.size()) {
    malformed_ = true;
    rest_ = {};
    return std::nullopt;
  }
  const Attribute attribute{
      .type = static_cast<std::uint16_t>(header->nla_type & NLA_TYPE_MASK),
      .payload = rest_.subspan(kAttributeHeaderSize, header->nla_len - kAttributeHeaderSize)};
  rest_ = behind(rest_, aligned(header->nla_len));
  return attribute;
}

std::optional<Attribute> Attributes::find(std::uint16_t type) const {
  Attributes walk = *this;
  while (const auto attribute = walk.next()) {
    if (attribute->type == type) {
      return attribute;
    }
  }
  return std::nullopt;
}

std::optional<Message> Messages::next() {
  if (rest_.empty()) {
    return std::nullopt;
  }
  const auto header = front<nlmsghdr>(rest_);
  if (!header || header->nlmsg_len < kMessageHeaderSize || header->nlmsg_len > rest_.size()) {
    malformed_ = true;
    rest_ = {};
    return std::nullopt;
  }
  const Message message{
      .header = *header,
      .payload = rest_.subspan(kMessageHeaderSize, header->nlmsg_len - kMessageHeaderSize)};
  rest_ = behind(rest_, aligned(header->nlmsg_len));
  return message;
}

MessageWriter::MessageWriter(std::uint16_t type, std::uint16_t flags, std::size_t reserve) {
  buffer_.reserve(reserve);
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = flags;
  this->header(header);
}

void MessageWriter::append(Bytes bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  buffer_.resize(aligned(buffer_.size()));
}

void MessageWriter::bytes(std::uint16_t type, Bytes payload) {
  nlattr header{};
  header.nla_type = type;
  header.nla_len = static_cast<std::uint16_t>(kAttributeHeaderSize + payload.size());
  this->header(header);
  append(payload);
}

void MessageWriter::text(std::uint16_t type, std::string_view value) {
  const std::string zero_terminated(value);
  bytes(type, {reinterpret_cast<const std::uint8_t*>(zero_terminated.c_str()), value.size() + 1});
}

std::size_t MessageWriter::open(std::uint16_t type) {
  const auto nest = buffer_.size();
  bytes(static_cast<std::uint16_t>(type | NLA_F_NESTED), {});
  return nest;
}

void MessageWriter::close(std::size_t nest) {
  const auto length = static_cast<std::uint16_t>(buffer_.size() - nest);
  std::memcpy(buffer_.data() + nest + offsetof(nlattr, nla_len), &length, sizeof length);
}

void MessageWriter::cut(std::size_t size) {
  buffer_.resize(size);
}

std::vector<std::uint8_t> MessageWriter::take() {
  const auto length = static_cast<std::uint32_t>(buffer_.size());
  std::memcpy(buffer_.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
  return std::move(buffer_);
}

std::optional<Ack> decode_ack(const Message& message) {
  const auto type = message.header.nlmsg_type;
  if (type != NLMSG_ERROR && type != NLMSG_DONE) {
    return std::nullopt;
  }
  const auto code = front<std::int32_t>(message.payload);
  Ack ack;
  ack.error = code && *code < 0 && *code > std::numeric_limits<std::int32_t>::min() ? -*code : 0;
  if ((message.header.nlmsg_flags & NLM_F_ACK_TLVS) == 0) {
    return ack;
  }
  // Behind the error code: the request's header, and all of the request where it is not capped
  // (NLM_F_CAPPED). NLMSG_DONE has neither.
  std::size_t skip = sizeof(std::int32_t);
  if (type == NLMSG_ERROR) {
    const auto error = front<nlmsgerr>(message.payload);
    if (!error) {
      return ack;
    }
    skip = sizeof *error;
    if ((message.header.nlmsg_flags & NLM_F_CAPPED) == 0 &&
        error->msg.nlmsg_len > kMessageHeaderSize) {
      skip += aligned(error->msg.nlmsg_len) - kMessageHeaderSize;
    }
  }
  if (const auto text = Attributes(message.payload, skip).find(NLMSGERR_ATTR_MSG)) {
    ack.text = text->text();
  }
  return ack;
}

}  // namespace cw::netlink
