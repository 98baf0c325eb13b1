// SPDX-License-Identifier: Apache-2.0
#include "router/agent/journal.h"

#include <cstdio>
#include <cstdlib>

#include <sys/stat.h>
#include <sys/uio.h>

#include <unistd.h>

// The macro variants add our own file and line to every entry, of no use to a reader.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <fmt/format.h>
#include <systemd/sd-journal.h>

namespace cw::agent {

std::string_view message_id(Event event) {
  switch (event) {
    case Event::Started:
      return "4bfae37fdfdc4af1a519870e8e1282a5";
    case Event::Stopping:
      return "0fc026a271cb46dc98ce7ad8f029c61c";
    case Event::NetworkTaken:
      return "b9732a72835446d985bb5d397f64c8d2";
    case Event::NetworkRefused:
      return "8568bc23004941dda7a661fe17b71d75";
    case Event::NetworkHeldBack:
      return "ae9de2c55992433ebe0794c8eb087f4d";
    case Event::NetworkGivenUp:
      return "0f1fc6ba23d44db9bce93bc03bcf620c";
    case Event::SourceTrouble:
      return "c5a778d7e1c04800bd7d6a9ae8812925";
    case Event::SourceHeard:
      return "a6fc46f3c8434244bfd1beb200d45c8e";
    case Event::Revoked:
      return "813436b485824bf0a24767d303bffd53";
    case Event::Step:
      return "8fbc73c020c34c4c986a229671d6592d";
    case Event::StepFailed:
      return "9d27a12638d64534a78bf412f1da16b5";
    case Event::Settled:
      return "6889d29566244dd8a03c7b114ed1e689";
    case Event::Disturbed:
      return "c349ccb20cfc440f8fc3b1001ef44f24";
    case Event::Down:
      return "e21af0b3614640f6bfca30c38e35b35a";
    case Event::Trouble:
      return "f564eaa6a8dc41e4819c81d7c17f2f75";
    case Event::PeerConnected:
      return "1be4900cfa654a30802f68f59d875a2e";
    case Event::PeerRoamed:
      return "8a57adb60b084ac7bf75ab8a0bbda159";
    case Event::PeerSilent:
      return "99cd9eabbc4e45c9bdce0d70ee730335";
    case Event::PeerFlapping:
      return "e90dbf89c52742f7a6a5d028c0770cf3";
    case Event::PeerFlappingEnded:
      return "c4c35db361434b328b9495978cbbf5a5";
    case Event::RoleChanged:
      return "e842976a3c231992268e2d8ff5dd75a1";
    case Event::GateOpened:
      return "15bdea05b8cad59f3b3d55de78a19d95";
    case Event::GateClosed:
      return "46b4e6a5f7f155d98665660f76380b10";
    case Event::Address:
      return "f1a1975b73c695d44912f6592bb92838";
    case Event::Wished:
      return "bf43bcbc5e4c8842b0ee704e0b486d82";
    case Event::Resets:
      return "9d3c5e0b7a1f4c6688d20f4b1e7a5c39";
    case Event::TargetLost:
      return "cc3a10d510224081ae63e97ebf24941d";
    case Event::TargetReached:
      return "677b45c6551c4d8ba5fa58adefb57a75";
  }
  return {};
}

namespace {

std::string_view to_text(Level level) {
  switch (level) {
    case Level::Error:
      return "error: ";
    case Level::Warning:
      return "warning: ";
    default:
      return "";
  }
}

class StderrJournal final : public Journal {
 public:
  void write(Level level, Event /*event*/, std::string_view message,
             const std::vector<Field>& /*fields*/) override {
    if (level == Level::Debug) {
      return;  // for the journal, which can leave it out
    }
    const auto line = fmt::format("{}{}\n", to_text(level), message);
    // Nobody can be told that stderr is gone.
    (void)std::fwrite(line.data(), 1, line.size(), stderr);
  }
};

class SystemdJournal final : public Journal {
 public:
  explicit SystemdJournal(std::string program) : program_(std::move(program)) {}

  void write(Level level, Event event, std::string_view message,
             const std::vector<Field>& fields) override {
    std::vector<std::string> texts{fmt::format("MESSAGE={}", message),
                                   fmt::format("PRIORITY={}", static_cast<int>(level)),
                                   fmt::format("MESSAGE_ID={}", message_id(event)),
                                   fmt::format("SYSLOG_IDENTIFIER={}", program_)};
    for (const Field& field : fields) {
      texts.push_back(fmt::format("{}={}", field.name, field.value));
    }
    std::vector<iovec> parts;
    parts.reserve(texts.size());
    for (std::string& text : texts) {
      parts.push_back({.iov_base = text.data(), .iov_len = text.size()});
    }
    if (sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) < 0) {
      fallback_.write(level, event, message, fields);
    }
  }

 private:
  std::string program_;
  StderrJournal fallback_;
};

// systemd.exec(5), $JOURNAL_STREAM: device and inode of the stream that leads to the journal.
bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status{};
  return stream != nullptr && ::fstat(STDERR_FILENO, &status) == 0 &&
         stream == fmt::format("{}:{}", status.st_dev, status.st_ino);
}

}  // namespace

std::unique_ptr<Journal> open_journal(std::string program) {
  if (stderr_is_journal()) {
    return std::make_unique<SystemdJournal>(std::move(program));
  }
  return std::make_unique<StderrJournal>();
}

}  // namespace cw::agent
