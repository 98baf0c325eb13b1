// SPDX-License-Identifier: Apache-2.0
#include "via6/tc/programs.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdarg>
#include <cstdio>
#include <string_view>
#include <vector>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include "base/unique_fd.h"
#include "via6/program/elf.h"
#include "via6/program/parameters.h"

namespace cw::via6 {

namespace {

// The verifier's words about one program: a line of statistics, or why it refuses.
constexpr std::size_t kLogSize = std::size_t{64} << 10U;
constexpr std::uint32_t kLogStatistics = 4;  // BPF_LOG_STATS of linux/bpf_verifier.h
constexpr std::size_t kTold = 400;           // of its last words, in an error

int say_nothing(libbpf_print_level /*level*/, const char* /*format*/, va_list /*arguments*/) {
  return 0;
}

std::string_view last_words(std::string_view log) {
  while (!log.empty() && log.back() == '\n') {
    log.remove_suffix(1);
  }
  return log.size() > kTold ? log.substr(log.size() - kTold) : log;
}

std::size_t number_behind(std::string_view text, std::string_view word) {
  std::size_t value = 0;
  if (const auto at = text.find(word); at != std::string_view::npos) {
    const auto* from = text.data() + at + word.size();
    std::from_chars(from, text.data() + text.size(), value);
  }
  return value;
}

// What the verifier refuses it refuses again, and so does a kernel that lacks a call or a type.
Error refusal(int os, std::string what) {
  auto error = Error::from_errno(os, std::move(what));
  if (os == EACCES || os == EINVAL || os == E2BIG) {
    error.kind = ErrorKind::Unsupported;
  }
  return error;
}

// Those at `path` go on counting, if they are what this build counts. False: there are none.
Result<bool> adopt_counters(bpf_map* map, const std::string& path) {
  const UniqueFd pinned(bpf_obj_get(path.c_str()));
  if (!pinned) {
    return errno == ENOENT
               ? Result<bool>(false)
               : Result<bool>(Error::from_errno(errno, fmt::format("cannot open {}", path)));
  }
  bpf_map_info info{};
  std::uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(pinned.get(), &info, &size) != 0) {
    return Error::from_errno(errno, fmt::format("cannot ask what {} is", path));
  }
  if (info.type != bpf_map__type(map) || info.max_entries != CW_VIA6_COUNTERS ||
      info.value_size != sizeof(std::uint64_t)) {
    // Of another version, which counted other things: it begins anew.
    return std::remove(path.c_str()) == 0
               ? Result<bool>(false)
               : Result<bool>(Error::from_errno(errno, fmt::format("cannot remove {}", path)));
  }
  if (const int error = bpf_map__reuse_fd(map, pinned.get())) {
    return Error::from_errno(-error, fmt::format("cannot use the counters at {}", path));
  }
  return true;
}

}  // namespace

void Programs::Close::operator()(bpf_object* object) const {
  bpf_object__close(object);
}

Result<Programs> Programs::load(const Parameters& parameters, const Options& options) {
  const auto bytes = CW_TRY(constants(parameters, options.framing));
  libbpf_set_print(&say_nothing);  // what it says is in the logs below
  const auto elf = program_elf();
  bpf_object_open_opts open{};
  open.sz = sizeof open;
  open.object_name = "causeway_via6";
  Programs made;
  made.object_.reset(bpf_object__open_mem(elf.data(), elf.size(), &open));
  auto* object = made.object_.get();
  if (object == nullptr) {
    return Error::from_errno(errno, "cannot read the 4via6 programs of this build");
  }
  auto* constants_map = bpf_object__find_map_by_name(object, kParametersMap);
  auto* counters_map = bpf_object__find_map_by_name(object, kCountersMap);
  const std::array programs = {bpf_object__find_program_by_name(object, kFromTunnelProgram),
                               bpf_object__find_program_by_name(object, kToTunnelProgram)};
  if (constants_map == nullptr || counters_map == nullptr || programs[0] == nullptr ||
      programs[1] == nullptr) {
    return Error::make(ErrorKind::Bug, "the 4via6 programs of this build lack a part");
  }
  if (const int error = bpf_map__set_initial_value(constants_map, bytes.data(), bytes.size())) {
    return Error::from_errno(-error, "cannot set the constants of the 4via6 programs");
  }
  if (!options.counters.empty()) {
    made.file_ = options.counters;
    made.adopted_ = adopt_counters(counters_map, options.counters);
  }
  std::array<std::vector<char>, 2> logs;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    logs[i].resize(kLogSize);
    bpf_program__set_log_buf(programs[i], logs[i].data(), logs[i].size());
    bpf_program__set_log_level(programs[i], options.verification ? kLogStatistics : 0);
  }
  if (const int error = bpf_object__load(object)) {
    const std::string_view first = logs[0].data();
    const std::string_view second = logs[1].data();
    return refusal(-error, fmt::format("the kernel does not take the 4via6 programs, and says: {}",
                                       last_words(second.empty() ? first : second)));
  }
  for (std::size_t i = 0; i < programs.size(); ++i) {
    auto& verified = made.verified_[i];
    verified.instructions = bpf_program__insn_cnt(programs[i]);
    verified.text = last_words(logs[i].data());
    verified.processed = number_behind(verified.text, "processed ");
    verified.states = number_behind(verified.text, "total_states ");
  }
  made.from_tunnel_ = bpf_program__fd(programs[0]);
  made.to_tunnel_ = bpf_program__fd(programs[1]);
  made.counters_ = bpf_map__fd(counters_map);
  return made;
}

Result<> Programs::keep_counters() const {
  if (file_.empty() || CW_TRY(adopted_)) {
    return {};
  }
  return bpf_obj_pin(counters_, file_.c_str()) == 0
             ? Result<>{}
             : Error::from_errno(errno, fmt::format("cannot keep counters at {}", file_));
}

}  // namespace cw::via6
