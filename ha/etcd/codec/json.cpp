// SPDX-License-Identifier: Apache-2.0
#include "ha/etcd/codec/json.h"

#include <charconv>

#include <fmt/format.h>
#include <sodium.h>

namespace cw::ha::etcd {

namespace {

constexpr int kDeepest = 12;

Error wrong(const char* name, std::string_view what) {
  return Error::invalid(fmt::format("\"{}\" is not {}", name, what));
}

}  // namespace

Result<Json> parse_object(std::string_view json) {
  bool too_deep = false;
  const auto shallow = [&too_deep](int depth, Json::parse_event_t /*event*/, Json& /*value*/) {
    too_deep |= depth > kDeepest;
    return !too_deep;
  };
  Json parsed = Json::parse(json, shallow, false);
  if (too_deep) {
    return Error::invalid("JSON that is nested too deep");
  }
  if (!parsed.is_object()) {
    return Error::invalid("this is no JSON object");
  }
  return parsed;
}

const Json* member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

Result<std::uint64_t> number(const Json& object, const char* name) {
  const Json* value = member(object, name);
  if (value == nullptr) {
    return 0;
  }
  if (value->is_number_unsigned()) {
    return value->get<std::uint64_t>();
  }
  if (!value->is_string()) {
    return wrong(name, "a number that is not negative");
  }
  const auto& digits = value->get_ref<const std::string&>();
  std::uint64_t parsed = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    return wrong(name, "a number that is not negative");
  }
  return parsed;
}

Result<bool> truth(const Json& object, const char* name) {
  const Json* value = member(object, name);
  if (value == nullptr) {
    return false;
  }
  if (!value->is_boolean()) {
    return wrong(name, "true or false");
  }
  return value->get<bool>();
}

Result<std::string> text(const Json& object, const char* name) {
  const Json* value = member(object, name);
  if (value == nullptr) {
    return std::string();
  }
  if (!value->is_string()) {
    return wrong(name, "a text");
  }
  return value->get<std::string>();
}

std::string to_base64(std::string_view raw) {
  std::string encoded(sodium_base64_encoded_len(raw.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(encoded.data(), encoded.size(),
                    reinterpret_cast<const unsigned char*>(raw.data()), raw.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  encoded.pop_back();  // the zero that libsodium counts in
  return encoded;
}

Result<std::string> bytes(const Json& object, const char* name) {
  const auto encoded = CW_TRY(text(object, name));
  std::string raw(encoded.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(raw.data()), raw.size(), encoded.data(),
                        encoded.size(), nullptr, &size, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0) {
    return wrong(name, "base64");
  }
  raw.resize(size);
  return raw;
}

}  // namespace cw::ha::etcd
