// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "base/result.h"

namespace cw {

std::string_view to_text(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Invalid:
      return "invalid";
    case ErrorKind::NotFound:
      return "not-found";
    case ErrorKind::Exists:
      return "exists";
    case ErrorKind::Permission:
      return "permission";
    case ErrorKind::Retryable:
      return "retryable";
    case ErrorKind::Interrupted:
      return "interrupted";
    case ErrorKind::Unsupported:
      return "unsupported";
    case ErrorKind::Exhausted:
      return "exhausted";
    case ErrorKind::Bug:
      return "bug";
  }
  return "bug";
}

namespace {

ErrorKind kind_of(int os) {
  switch (os) {
    case ENOENT:
    case ESRCH:
    case ENODEV:
    case ENXIO:
    case EADDRNOTAVAIL:
      return ErrorKind::NotFound;
    case EEXIST:
    case EADDRINUSE:
      return ErrorKind::Exists;
    case EPERM:
    case EACCES:
      return ErrorKind::Permission;
    case EINTR:
    case ENOBUFS:
      return ErrorKind::Interrupted;
    case EOPNOTSUPP:
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
    case ENOSYS:
      return ErrorKind::Unsupported;
    case ENOMEM:
    case ENOSPC:
    case EMFILE:
    case ENFILE:
    case EDQUOT:
      return ErrorKind::Exhausted;
    case EINVAL:
    case ERANGE:
    case ENAMETOOLONG:
      return ErrorKind::Invalid;
    default:
      return ErrorKind::Retryable;
  }
}

}  // namespace

Error Error::from_errno(int os, std::string what) {
  return Error{.kind = kind_of(os), .os = os, .message = std::move(what), .context = {}};
}

std::string Error::to_text() const {
  std::string text;
  for (auto it = context.rbegin(); it != context.rend(); ++it) {
    text += *it;
    text += ": ";
  }
  text += message;
  if (os != 0) {
    text += fmt::format(": {}", std::generic_category().message(os));
  }
  return text;
}

}  // namespace cw
