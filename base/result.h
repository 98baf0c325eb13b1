// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

// Errors as values. An Error says what to do about it (kind), what happened (message, with the
// kernel's extended text where there is one) and where on the way up (context). It refuses to be
// ignored: Result is [[nodiscard]]. No exceptions of our own; a library that throws is caught in
// the one file that calls it. Threading: plain values.
namespace cw {

// What the caller does about it, not where it came from.
enum class ErrorKind {
  Invalid,      // the input is wrong: tell the person who wrote it
  NotFound,     // the thing is not there
  Exists,       // the thing is there already, or somebody else has it
  Permission,   // a right or capability is missing
  Retryable,    // may go through later, unchanged
  Interrupted,  // a dump was interrupted or lost messages: read again, conclude nothing
  Unsupported,  // this kernel or build lacks it
  Exhausted,    // a limit, memory or disk is used up
  Bug,          // cannot happen; report it
};

[[nodiscard]] std::string_view to_text(ErrorKind kind);

struct [[nodiscard]] Error {
  ErrorKind kind = ErrorKind::Bug;
  int os = 0;  // errno, 0 where there is none
  std::string message;
  std::vector<std::string> context;  // innermost first

  // "while reading /etc/x: while ...: message (strerror)"
  [[nodiscard]] std::string to_text() const;

  [[nodiscard]] Error with_context(std::string what) && {
    context.push_back(std::move(what));
    return std::move(*this);
  }

  // Kind from errno(3); keeps `os`. `what` names the call and its object: "open /etc/x".
  static Error from_errno(int os, std::string what);

  static Error invalid(std::string message) {
    return Error{.kind = ErrorKind::Invalid, .os = 0, .message = std::move(message), .context = {}};
  }

  static Error make(ErrorKind kind, std::string message) {
    return Error{.kind = kind, .os = 0, .message = std::move(message), .context = {}};
  }

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T = void>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;

  Result(Error error)  // NOLINT(google-explicit-constructor): `return Error{...}` must read well
      : tl::expected<T, Error>(tl::unexpected<Error>(std::move(error))) {}
};

// Adds where we were to a failed result; a successful one passes through.
template <class T>
Result<T> in_context(Result<T> result, std::string_view what) {
  if (!result) {
    return std::move(result.error()).with_context(std::string(what));
  }
  return result;
}

namespace detail {
template <class T>
T take(Result<T>&& result) {
  return std::move(*result);
}

inline void take(Result<void>&& /*result*/) {}
}  // namespace detail

}  // namespace cw

// Value of `expr`, or return its error from the enclosing function. Not in a braced list and not
// beside another temporary: leaving from the middle, GCC 12 destroys neither the members that were
// made before it nor the temporary.
#define CW_TRY(expr)                                                    \
  __extension__({                                                       \
    auto cw_result_ = (expr);                                           \
    if (!cw_result_) return ::cw::Error(std::move(cw_result_).error()); \
    ::cw::detail::take(std::move(cw_result_));                          \
  })

// The same, with context added to the error.
#define CW_TRY_IN(expr, what) CW_TRY(::cw::in_context((expr), (what)))
