// SPDX-License-Identifier: Apache-2.0
#include "router/agent/directory_source.h"

#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace cw::agent {

namespace {

// More than these are no quicker to read one by one than with all the others.
constexpr std::size_t kMostAnnounced = 256;

}  // namespace

DirectorySource::DirectorySource(std::string path, const Loop& loop, const Clock& clock,
                                 const KeptNetwork& kept, Listener listener)
    : reader_(std::move(path), clock),
      clock_(clock),
      kept_(kept),
      listener_(std::move(listener)),
      watch_(loop, reader_.path(), folders(),
             [this](std::optional<std::string> file) { changed(std::move(file)); }) {}

Result<std::unique_ptr<NetworkSource>> DirectorySource::create(std::string path, const Loop& loop,
                                                               const Clock& clock,
                                                               const KeptNetwork& kept,
                                                               Listener listener) {
  std::unique_ptr<DirectorySource> source(
      new DirectorySource(std::move(path), loop, clock, kept, std::move(listener)));
  source->timer_ =
      CW_TRY(Timer::create(loop, "network settles", [raw = source.get()] { raw->due(); }));
  source->watch_.renew();
  return std::unique_ptr<NetworkSource>(std::move(source));
}

// The folders in which a change means a changed network; some may not be there.
std::vector<std::string> DirectorySource::folders() const {
  const auto& root = reader_.path();
  return {root, fmt::format("{}/{}", root, network::kSitesFolder),
          fmt::format("{}/{}", root, network::kPeersFolder),
          fmt::format("{}/{}", root, network::kRemovedFolder)};
}

bool DirectorySource::refresh() {
  auto changed = reader_.refresh();
  const bool was_unreadable = unreadable_.has_value();
  if (!changed) {
    const bool news = unreadable_ != changed.error();
    unreadable_ = std::move(changed).error();
    return news;
  }
  unreadable_.reset();
  return *changed || was_unreadable;
}

NetworkReading DirectorySource::compile() const {
  NetworkReading reading;
  if (unreadable_) {
    reading.text = fmt::format(
        "error: {}\nhint: `network` in router.toml names the directory; it is read again "
        "when it changes\n",
        unreadable_->to_text());
    return reading;
  }
  auto compiled = reader_.compile();
  reading.kind = compiled.netmap ? NetworkReading::Kind::Offer : NetworkReading::Kind::Refused;
  reading.netmap = std::move(compiled.netmap);
  reading.text = network::render(compiled.diagnostics);
  return reading;
}

NetworkReading DirectorySource::read_at_once() {
  settle_.forget();
  arm();
  watch_.renew_if_incomplete();  // who asks may just have mended why
  read_all();
  return compile();
}

std::optional<NetworkReading> DirectorySource::read_announced() {
  const auto paths = std::exchange(announced_, {});
  if (paths.empty() || paths.size() > kMostAnnounced || unreadable_ ||
      !reader_.refresh(paths).value_or(false)) {
    return std::nullopt;
  }
  return compile();
}

bool DirectorySource::read_all() {
  announced_.clear();
  return refresh();
}

void DirectorySource::look_again() {
  if (watch_.renew_if_incomplete() && read_all()) {
    changed(std::nullopt);
  }
}

void DirectorySource::changed(std::optional<std::string> path) {
  if (path && announced_.size() <= kMostAnnounced) {
    announced_.insert(std::move(*path));
  }
  settle_.changed(clock_.steady());
  arm();
}

void DirectorySource::due() {
  const bool differs = read_all();
  const auto verdict = settle_.read(differs, clock_.steady());
  arm();
  if (verdict == Settle::Verdict::Take) {
    listener_.found(compile());
  }
}

void DirectorySource::arm() {
  if (const auto due = settle_.due()) {
    timer_.arm(*due);
  } else {
    timer_.disarm();
  }
}

std::vector<api::Problem> DirectorySource::problems() const {
  const auto& blind = watch_.blind();
  if (!blind) {
    return {};
  }
  const bool used_up = blind->os == ENOSPC || blind->os == EMFILE;
  return {
      {.severity = api::Severity::Warning,
       .text = fmt::format("changes of the network directory are seen only every {} s, because {}",
                           kLooksAgain.count(), blind->to_text()),
       .hint = used_up ? "other programs use up the kernel's inotify watches: raise "
                         "fs.inotify.max_user_watches (or max_user_instances), sysctl(8)"
                       : "let the agent read the directory and its folders"}};
}

}  // namespace cw::agent
