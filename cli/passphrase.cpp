// SPDX-License-Identifier: Apache-2.0
#include "cli/passphrase.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <span>
#include <string_view>

#include <sys/signalfd.h>

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"

namespace cw::cli {

namespace {

constexpr auto kTerminal = "/dev/tty";

// Signals that end or stop the program wait while it lives, and come when it goes: whoever presses
// Ctrl-C at a question must not be left with a terminal that shows nothing. Not SIGTTIN and
// SIGTTOU, which stop a program in the background before it changes anything.
class HeldSignals {
 public:
  HeldSignals() {
    sigset_t held;
    sigemptyset(&held);
    for (const int signal : {SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGTSTP}) {
      sigaddset(&held, signal);
    }
    ::pthread_sigmask(SIG_BLOCK, &held, &before_);
    waiting_ = UniqueFd(::signalfd(-1, &held, SFD_CLOEXEC));
  }

  ~HeldSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  HeldSignals(HeldSignals&&) = delete;
  HeldSignals& operator=(HeldSignals&&) = delete;

  // Readable when one waits; nobody reads it, so that it still comes.
  [[nodiscard]] int waiting() const { return waiting_.get(); }

 private:
  sigset_t before_{};
  UniqueFd waiting_;
};

// Off while it lives; whatever is typed meanwhile is not shown later.
class NoEcho {
 public:
  explicit NoEcho(int fd) : fd_(fd), known_(::tcgetattr(fd, &before_) == 0) {
    if (known_) {
      termios silent = before_;
      silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
      known_ = ::tcsetattr(fd, TCSAFLUSH, &silent) == 0;
    }
  }

  ~NoEcho() {
    if (known_) {
      ::tcsetattr(fd_, TCSAFLUSH, &before_);
    }
  }

  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;
  NoEcho(NoEcho&&) = delete;
  NoEcho& operator=(NoEcho&&) = delete;

  [[nodiscard]] bool works() const { return known_; }

 private:
  int fd_;
  termios before_{};
  bool known_ = false;
};

// Whether there is something to read; no: a signal came first. Without `signals` read(2) waits.
Result<bool> wait_for(int fd, const HeldSignals* signals, const std::string& name) {
  if (signals == nullptr) {
    return true;
  }
  std::array<pollfd, 2> both{{{.fd = fd, .events = POLLIN, .revents = 0},
                              {.fd = signals->waiting(), .events = POLLIN, .revents = 0}}};
  while (::poll(both.data(), both.size(), -1) < 0) {
    if (errno != EINTR) {
      return Error::from_errno(errno, "cannot wait for the passphrase from " + name);
    }
  }
  return both[1].revents == 0;
}

// Up to the end of the line, which is not part of it; byte by byte, so that nothing is taken that
// somebody else is to read. Nothing: a signal waits.
Result<std::optional<net::Secret>> read_line(int fd, const HeldSignals* signals,
                                             const std::string& name) {
  net::Secret line(kLongestPassphrase);
  std::size_t size = 0;
  while (true) {
    if (!CW_TRY(wait_for(fd, signals, name))) {
      return std::optional<net::Secret>();
    }
    char c = 0;
    const ssize_t got = ::read(fd, &c, 1);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return Error::from_errno(errno, "cannot read the passphrase from " + name);
    }
    if (got == 0 || c == '\n') {
      break;
    }
    if (size == kLongestPassphrase) {
      return Error::invalid("a passphrase has at most 1024 bytes");
    }
    line.memory()[size++] = c;
  }
  if (size == 0) {
    return Error::invalid("the passphrase is empty");
  }
  return std::optional(net::Secret(line.expose().substr(0, size)));
}

void say(int fd, std::string_view text) {
  // Where the terminal is gone, reading from it fails next.
  (void)!::write(fd, text.data(), text.size());
}

Result<std::optional<net::Secret>> ask_once(int fd, const std::string& question) {
  const HeldSignals signals;  // goes last: they come when the terminal is as it was
  if (signals.waiting() < 0) {
    return Error::from_errno(errno, "cannot wait for signals");
  }
  const NoEcho silent(fd);  // before the question, or what is typed at once is shown and lost
  say(fd, question + ": ");
  if (!silent.works()) {
    return Error::from_errno(errno, "cannot hide what is typed at the terminal");
  }
  auto line = read_line(fd, &signals, "the terminal");
  say(fd, "\n");
  return line;
}

Result<net::Secret> ask(int fd, const std::string& question) {
  for (;;) {
    if (auto line = CW_TRY(ask_once(fd, question))) {
      return std::move(*line);
    }
    // Back from having been stopped, or the signal is ignored: the question is asked again.
  }
}

}  // namespace

Result<net::Secret> passphrase(const std::string& question, const std::optional<std::string>& file,
                               Asking asking) {
  if (file) {
    const UniqueFd fd(::open(file->c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
      return Error::from_errno(errno, "cannot open " + *file);
    }
    if (auto line = CW_TRY(read_line(fd.get(), nullptr, *file))) {
      return std::move(*line);
    }
    return Error::make(ErrorKind::Bug, "a signal ended the reading of " + *file);  // none is held
  }
  const UniqueFd fd(::open(kTerminal, O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!fd) {
    return Error::make(ErrorKind::Unsupported,
                       "a passphrase is needed and there is no terminal to ask at; name a file "
                       "with --passphrase-file");
  }
  auto first = CW_TRY(ask(fd.get(), question));
  if (asking == Asking::Twice) {
    const auto second = CW_TRY(ask(fd.get(), "The same again"));
    if (first.expose() != second.expose()) {
      return Error::invalid("the two passphrases are not the same");
    }
  }
  return first;
}

}  // namespace cw::cli
