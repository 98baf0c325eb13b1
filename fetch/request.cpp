// SPDX-License-Identifier: Apache-2.0
#include "fetch/request.h"

#include <algorithm>

#include <fmt/format.h>

namespace cw::fetch {

namespace {

// RFC 9110 section 15.
constexpr long kOk = 200;
constexpr long kCreated = 201;
constexpr long kNoContent = 204;
constexpr long kFirstRedirect = 300;
constexpr long kNotModified = 304;
constexpr long kLastRedirect = 399;
constexpr long kUnauthorized = 401;
constexpr long kForbidden = 403;
constexpr long kNotFound = 404;
constexpr long kTimeout = 408;
constexpr long kConflict = 409;
constexpr long kGone = 410;
constexpr long kPreconditionFailed = 412;
constexpr long kTooManyRequests = 429;  // RFC 6585 section 4
constexpr long kFirstServerError = 500;
constexpr long kLastServerError = 599;

Error answered(ErrorKind kind, long status, std::string_view meaning) {
  return Error::make(kind, fmt::format("the server answers with status {}{}{}", status,
                                       meaning.empty() ? "" : ": ", meaning));
}

}  // namespace

Result<Meaning> meaning_of(long status, bool was_conditional) {
  switch (status) {
    case kOk:
    case kCreated:
    case kNoContent:
      return Meaning::Done;
    case kNotModified:
      if (was_conditional) {
        return Meaning::NotModified;
      }
      return answered(ErrorKind::Invalid, status, "not modified, which nobody asked");
    case kUnauthorized:
    case kForbidden:
      return answered(ErrorKind::Permission, status, "it does not let us in");
    case kNotFound:
    case kGone:
      return answered(ErrorKind::NotFound, status, "there is no such file");
    case kConflict:
    case kPreconditionFailed:
      return answered(ErrorKind::Exists, status, "somebody else has changed the file meanwhile");
    case kTimeout:
    case kTooManyRequests:
      return answered(ErrorKind::Retryable, status, "");
    default:
      if (status >= kFirstRedirect && status <= kLastRedirect) {
        return answered(ErrorKind::Invalid, status, "a redirect that is not followed");
      }
      return answered(status >= kFirstServerError && status <= kLastServerError
                          ? ErrorKind::Retryable
                          : ErrorKind::Invalid,
                      status, "");
  }
}

Version version_of(std::string_view header_value) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto first = header_value.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) {
    return {};
  }
  header_value = header_value.substr(first, header_value.find_last_not_of(kBlanks) - first + 1);
  const bool sendable =
      header_value.size() <= kLongestVersion &&
      std::ranges::all_of(header_value, [](char c) { return c > ' ' && c < 0x7f; });
  return sendable ? Version(header_value) : Version();
}

bool is_strong(const Version& version) {
  return version.size() >= 2 && version.starts_with('"') && version.ends_with('"');
}

}  // namespace cw::fetch
