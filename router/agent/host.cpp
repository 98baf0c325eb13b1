// SPDX-License-Identifier: Apache-2.0
#include "router/agent/host.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/file.h"
#include "router/model/ownership.h"

namespace cw::agent {

namespace {

constexpr std::size_t kMaxConfigFile = 65536;

// 150 bytes a line: room for the Internet's table of 200,000 routes.
constexpr std::size_t kMaxRouteFile = std::size_t{32} << 20U;

// linux/ipv6_route.h: learnt from an advertisement.
constexpr std::uint32_t kAddrConf = 0x00040000;

constexpr auto kNetworkdRuns = "/run/systemd/netif/state";
constexpr auto kNetworkdFile = "/etc/systemd/networkd.conf";

// Lowest precedence first; of two files with one name the later folder's counts.
constexpr std::array kNetworkdFolders{"/usr/lib/systemd/networkd.conf.d",
                                      "/run/systemd/networkd.conf.d",
                                      "/etc/systemd/networkd.conf.d"};

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const auto start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos) {
      break;
    }
    const auto end = std::min(line.find_first_of(" \t", start), line.size());
    words.push_back(line.substr(start, end - start));
    line.remove_prefix(end);
  }
  return words;
}

std::vector<std::string_view> lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::optional<std::uint32_t> hex(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

std::vector<std::string> networkd_files() {
  std::map<std::string, std::string> drop_ins;
  for (const auto* folder : kNetworkdFolders) {
    std::error_code ignored;  // a folder that is not there has no files
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
      if (entry.path().extension() == ".conf") {
        drop_ins[entry.path().filename()] = entry.path();
      }
    }
  }
  std::vector<std::string> files;
  if (auto text = read_file(kNetworkdFile, kMaxConfigFile)) {
    files.push_back(std::move(*text));
  }
  for (const auto& [name, path] : drop_ins) {
    if (auto text = read_file(path, kMaxConfigFile)) {
      files.push_back(std::move(*text));
    }
  }
  return files;
}

bool is_off(std::string_view value) {
  return value == "no" || value == "false" || value == "off" || value == "0" || value == "n" ||
         value == "f";
}

std::string_view trimmed(std::string_view text) {
  const auto start = text.find_first_not_of(" \t\r");
  const auto end = text.find_last_not_of(" \t\r");
  return start == std::string_view::npos ? std::string_view() : text.substr(start, end - start + 1);
}

// With networkd handling the advertisements of a device, its accept_ra is 0.
std::vector<api::Problem> networkd_problems(const std::vector<std::string>& handled) {
  std::vector<api::Problem> problems;
  if (removes_foreign_routes(networkd_files())) {
    problems.push_back(
        {.severity = api::Severity::Warning,
         .text = "systemd-networkd will remove this router's routes and rules whenever it "
                 "restarts; they are put back, with a short gap",
         .hint = "set ManageForeignRoutes=no and ManageForeignRoutingPolicyRules=no in a file in "
                 "/etc/systemd/networkd.conf.d (the package brings one) and restart "
                 "systemd-networkd"});
  }
  for (const auto& device : handled) {
    problems.push_back(
        {.severity = api::Severity::Note,
         .text = fmt::format("systemd-networkd handles the router advertisements of {}; its IPv6 "
                             "default route stays with forwarding on",
                             device),
         .hint = "where its .network file sets IPForward= or IPv6Forwarding=, it also needs "
                 "IPv6AcceptRA=yes"});
  }
  return problems;
}

}  // namespace

std::vector<DefaultRoute6> default_routes6(std::string_view text) {
  // destination, its length, source, its length, next hop, metric, references, use, flags, device
  constexpr std::size_t kFields = 10;
  constexpr std::size_t kLength = 1;
  constexpr std::size_t kFlags = 8;
  constexpr std::size_t kDevice = 9;
  std::vector<DefaultRoute6> routes;
  for (const auto line : lines(text)) {
    const auto fields = words(line);
    if (fields.size() != kFields || fields[kLength] != "00" || fields[kDevice] == "lo" ||
        fields[0].find_first_not_of('0') != std::string_view::npos) {
      continue;
    }
    const auto flags = hex(fields[kFlags]);
    if (flags) {
      routes.push_back({.device = std::string(fields[kDevice]),
                        .from_advertisement = (*flags & kAddrConf) != 0});
    }
  }
  return routes;
}

std::vector<std::string> default_devices4(std::string_view text) {
  // device, destination, gateway, flags, references, use, metric, mask, mtu, window, irtt
  constexpr std::size_t kFields = 11;
  constexpr std::size_t kDestination = 1;
  constexpr std::size_t kMask = 7;
  std::vector<std::string> devices;
  for (const auto line : lines(text)) {
    const auto fields = words(line);
    if (fields.size() == kFields && fields[kDestination] == "00000000" &&
        fields[kMask] == "00000000" && fields[0] != "*") {  // "*": it goes nowhere
      devices.emplace_back(fields[0]);
    }
  }
  return devices;
}

bool removes_foreign_routes(const std::vector<std::string>& files) {
  bool routes = true;  // its default is to remove both
  bool rules = true;
  for (const auto& file : files) {
    for (const auto line : lines(file)) {
      const auto equals = line.find('=');
      if (equals == std::string_view::npos) {
        continue;
      }
      const auto key = trimmed(line.substr(0, equals));
      const bool on = !is_off(trimmed(line.substr(equals + 1)));
      if (key == "ManageForeignRoutes") {
        routes = on;
      } else if (key == "ManageForeignRoutingPolicyRules") {
        rules = on;
      }
    }
  }
  return routes || rules;
}

namespace {

std::string ipv6_setting(netlink::SysctlSink& sysctls, std::string_view device,
                         std::string_view what) {
  return sysctls.read(fmt::format("net/ipv6/conf/{}/{}", device, what)).value_or("");
}

std::optional<std::uint64_t> memory_size() {
  const auto pages = ::sysconf(_SC_PHYS_PAGES);
  const auto page = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page);
}

// Devices on which the kernel takes advertisements now and would stop with forwarding on, whether
// one has come yet or not; `default` is for those still to be plugged in. One that says 2 already
// stays in the list, so that it is kept so.
std::vector<std::string> devices_taking_advertisements(netlink::SysctlSink& sysctls) {
  std::vector<std::string> devices;
  std::error_code ignored;  // no IPv6, no folder
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/sys/net/ipv6/conf", ignored)) {
    auto device = entry.path().filename().string();
    if (device == "all" || device == "lo" || device.starts_with(router::kDevicePrefix)) {
      continue;
    }
    const auto accept = ipv6_setting(sysctls, device, "accept_ra");
    if (accept == "2" || (accept == "1" && ipv6_setting(sysctls, device, "forwarding") == "0")) {
      devices.push_back(std::move(device));
    }
  }
  return devices;
}

}  // namespace

HostFacts read_host(netlink::SysctlSink& sysctls) {
  HostFacts facts;
  if (sysctls.writable("net/netfilter/nf_conntrack_max")) {
    facts.conntrack_memory = memory_size();
  }
  facts.ipv6 = sysctls.read("net/ipv6/conf/all/forwarding").has_value() &&
               ipv6_setting(sysctls, "all", "disable_ipv6") != "1" &&
               ipv6_setting(sysctls, "default", "disable_ipv6") != "1";
  facts.ra_devices = devices_taking_advertisements(sysctls);
  std::vector<std::string> handled;
  const auto table = read_file("/proc/net/ipv6_route", kMaxRouteFile);
  for (const auto& route : table ? default_routes6(*table) : std::vector<DefaultRoute6>{}) {
    const auto accept = sysctls.read(fmt::format("net/ipv6/conf/{}/accept_ra", route.device));
    facts.uplinks.push_back(route.device);
    if (!route.from_advertisement && accept && *accept == "0") {
      handled.push_back(route.device);
    }
  }
  if (const auto table4 = read_file("/proc/net/route", kMaxRouteFile)) {
    std::ranges::move(default_devices4(*table4), std::back_inserter(facts.uplinks));
  }
  for (auto* devices : {&facts.ra_devices, &facts.uplinks, &handled}) {
    std::ranges::sort(*devices);
    const auto repeated = std::ranges::unique(*devices);
    devices->erase(repeated.begin(), repeated.end());
  }
  std::error_code ignored;
  if (std::filesystem::exists(kNetworkdRuns, ignored)) {
    facts.problems = networkd_problems(handled);
  }
  return facts;
}

}  // namespace cw::agent
