// SPDX-License-Identifier: Apache-2.0
#include "via6/tc/translator.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "via6/tc/programs.h"

namespace cw::via6 {

namespace {

using netlink::MessageWriter;

// Our place on a device. The same as the routes' protocol and table: a number to know us by, and
// behind what is classified first by habit (1 to 100, and 49152 down from tc itself).
constexpr std::uint32_t kPriority = 7920;
constexpr std::uint32_t kHandle = 1;
constexpr std::uint32_t kIngress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
constexpr std::uint32_t kEgress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);

// Behind the digest in a filter's name. A qdisc `ingress` in clsact's place shows the same filters
// for both directions.
constexpr std::string_view kFromTunnel = " from_tunnel";
constexpr std::string_view kToTunnel = " to_tunnel";
constexpr auto kForeign = "foreign";

constexpr auto kClsact = "clsact";

Result<int> index_of(const std::string& device) {
  const auto index = ::if_nametoindex(device.c_str());
  if (index == 0) {
    return Error::from_errno(errno, fmt::format("no device {}", device));
  }
  return static_cast<int>(index);
}

tcmsg header(int index, std::uint32_t parent, std::uint32_t handle) {
  tcmsg message{};
  message.tcm_family = AF_UNSPEC;
  message.tcm_ifindex = index;
  message.tcm_parent = parent;
  message.tcm_handle = handle;
  return message;
}

tcmsg filter_header(int index, std::uint32_t parent, std::uint32_t handle) {
  auto message = header(index, parent, handle);
  message.tcm_info = TC_H_MAKE(kPriority << 16U, htons(ETH_P_ALL));
  return message;
}

std::vector<std::uint8_t> make_clsact(int index) {
  MessageWriter out(RTM_NEWQDISC, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
  out.header(header(index, TC_H_CLSACT, TC_H_MAKE(TC_H_CLSACT, 0)));
  out.text(TCA_KIND, kClsact);
  return out.take();
}

std::vector<std::uint8_t> list_qdiscs() {
  MessageWriter out(RTM_GETQDISC, NLM_F_REQUEST | NLM_F_DUMP);
  out.header(header(0, 0, 0));
  return out.take();
}

std::vector<std::uint8_t> remove_qdisc(int index) {
  MessageWriter out(RTM_DELQDISC, NLM_F_REQUEST | NLM_F_ACK);
  out.header(header(index, TC_H_CLSACT, 0));
  return out.take();
}

std::vector<std::uint8_t> put_filter(int index, std::uint32_t parent, int program,
                                     const std::string& name) {
  MessageWriter out(RTM_NEWTFILTER, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
  out.header(filter_header(index, parent, kHandle));
  out.text(TCA_KIND, "bpf");
  const auto options = out.open(TCA_OPTIONS);
  out.number(TCA_BPF_FD, static_cast<std::uint32_t>(program));
  out.text(TCA_BPF_NAME, name);
  out.number(TCA_BPF_FLAGS, std::uint32_t{TCA_BPF_FLAG_ACT_DIRECT});
  out.close(options);
  return out.take();
}

// All filters of our priority there: one of another handle beside ours would come into its way.
std::vector<std::uint8_t> remove_filters(int index, std::uint32_t parent) {
  MessageWriter out(RTM_DELTFILTER, NLM_F_REQUEST | NLM_F_ACK);
  auto message = filter_header(index, parent, 0);
  message.tcm_info = TC_H_MAKE(kPriority << 16U, 0);
  out.header(message);
  return out.take();
}

std::vector<std::uint8_t> list_filters(int index, std::uint32_t parent) {
  MessageWriter out(RTM_GETTFILTER, NLM_F_REQUEST | NLM_F_DUMP);
  out.header(header(index, parent, 0));
  return out.take();
}

// What a filter says of itself; nothing of one that is not in our place.
std::string name_of(const netlink::Message& message, std::string_view direction) {
  if (message.header.nlmsg_type != RTM_NEWTFILTER) {
    return {};
  }
  const auto fixed = netlink::front<tcmsg>(message.payload);
  if (!fixed || TC_H_MAJ(fixed->tcm_info) >> 16U != kPriority || fixed->tcm_handle == 0) {
    return {};  // the kernel tells of the priority itself, too, with handle 0
  }
  const netlink::Attributes attributes(message.payload, sizeof(tcmsg));
  const auto kind = attributes.find(TCA_KIND);
  const auto options = attributes.find(TCA_OPTIONS);
  if (!kind || kind->text() != "bpf" || !options || fixed->tcm_handle != kHandle) {
    return kForeign;
  }
  const netlink::Attributes inside(options->payload);
  const auto name = inside.find(TCA_BPF_NAME);
  const auto flags = inside.find(TCA_BPF_FLAGS);
  const bool direct = flags && (flags->as<std::uint32_t>().value_or(0) & TCA_BPF_FLAG_ACT_DIRECT);
  const auto text = name ? name->text() : std::string_view();
  return direct && text.ends_with(direction)
             ? std::string(text.substr(0, text.size() - direction.size()))
             : kForeign;
}

// A kind of qdisc or classifier that the kernel does not have (ENOENT) will not come by itself.
Error lacking(Error error) {
  if (error.os == ENOENT) {
    error.kind = ErrorKind::Unsupported;
  }
  return error;
}

bool is_absent(const Error& error) {
  // No clsact: EINVAL. No filter of that priority: ENOENT.
  return error.os == ENOENT || error.os == EINVAL || error.os == ENODEV;
}

}  // namespace

Result<Tc> Tc::open(std::string folder) {
  auto channel = CW_TRY(netlink::Channel::open(NETLINK_ROUTE));
  return Tc(std::move(channel), std::move(folder));
}

// A qdisc `ingress` of somebody's has the same place and is no substitute. It goes, with its
// filters: the device is ours.
Result<> Tc::make_place(int index, const std::string& device) {
  const auto what = fmt::format("cannot add clsact to {}", device);
  const auto make = [&]() -> Result<> {
    auto request = make_clsact(index);
    auto done = channel_.exchange(request, what);
    return done ? done : Result<>(lacking(std::move(done).error()));
  };
  auto made = make();
  if (made || made.error().os != EEXIST) {
    return made;
  }
  bool is_clsact = false;
  CW_TRY(netlink::retry_interrupted([&]() -> Result<> {
    auto request = list_qdiscs();
    return channel_.exchange(request, what, [&](const netlink::Message& message) {
      const auto fixed = netlink::front<tcmsg>(message.payload);
      const auto kind = netlink::Attributes(message.payload, sizeof(tcmsg)).find(TCA_KIND);
      is_clsact =
          is_clsact || (fixed && fixed->tcm_ifindex == index && kind && kind->text() == kClsact);
    });
  }));
  if (is_clsact) {
    return {};
  }
  auto removal = remove_qdisc(index);
  if (auto gone = channel_.exchange(removal, what); !gone && !is_absent(gone.error())) {
    return gone;
  }
  return make();
}

std::string Tc::counters_file(const std::string& device) const {
  return folder_.empty() ? std::string{} : fmt::format("{}/{}", folder_, device);
}

Result<Attached> Tc::attached(const std::string& device) {
  const int index = CW_TRY(index_of(device));
  Attached found{.device = device};
  const auto read = [&](std::uint32_t parent, std::string_view direction,
                        std::string& into) -> Result<> {
    return netlink::retry_interrupted([&]() -> Result<> {
      into.clear();
      auto request = list_filters(index, parent);
      auto done = channel_.exchange(request, fmt::format("cannot list the filters of {}", device),
                                    [&](const netlink::Message& message) {
                                      auto name = name_of(message, direction);
                                      if (!name.empty()) {
                                        into = into.empty() ? std::move(name) : kForeign;
                                      }
                                    });
      return !done && is_absent(done.error()) ? Result<>{} : done;
    });
  };
  CW_TRY(read(kIngress, kFromTunnel, found.from_tunnel));
  CW_TRY(read(kEgress, kToTunnel, found.to_tunnel));
  const bool any = !found.from_tunnel.empty() || !found.to_tunnel.empty();
  const auto file = counters_file(device);
  found.counted =
      file.empty() || uncounted_.contains(device) ? any : ::access(file.c_str(), F_OK) == 0;
  return found;
}

Result<> Tc::attach(const std::string& device, const Parameters& parameters) {
  const int index = CW_TRY(index_of(device));
  const auto name = CW_TRY(digest(parameters));
  Programs::Options options;
  options.counters = counters_file(device);
  const auto programs = CW_TRY_IN(Programs::load(parameters, options),
                                  fmt::format("while putting 4via6 on {}", device));
  CW_TRY(make_place(index, device));
  const auto there = CW_TRY(attached(device));  // now: loading takes a while
  const auto what = fmt::format("cannot put a 4via6 program on {}", device);
  const auto put = [&](std::uint32_t parent, int program, std::string_view direction,
                       const std::string& before) -> Result<> {
    if (before == kForeign) {
      auto removal = remove_filters(index, parent);
      CW_TRY(channel_.exchange(removal, what));
    }
    auto request = put_filter(index, parent, program, fmt::format("{}{}", name, direction));
    auto done = channel_.exchange(request, what);
    return done ? done : Result<>(lacking(std::move(done).error()));
  };
  // Answers first: a request that passes has a way back.
  CW_TRY(put(kEgress, programs.to_tunnel(), kToTunnel, there.to_tunnel));
  CW_TRY(put(kIngress, programs.from_tunnel(), kFromTunnel, there.from_tunnel));
  note(device, programs.keep_counters());  // last: a file says that they count
  return {};
}

// The file was made or removed. Or why it could not be: then it is not looked for any more.
void Tc::note(const std::string& device, Result<> done) {
  uncounted_.erase(device);
  if (!done) {
    uncounted_.emplace(device, std::move(done).error());
  }
}

Result<> Tc::detach(const std::string& device) {
  if (const auto index = index_of(device)) {
    for (const auto parent : {kIngress, kEgress}) {
      auto request = remove_filters(*index, parent);
      auto done = channel_.exchange(request, fmt::format("cannot take 4via6 off {}", device));
      if (!done && !is_absent(done.error())) {
        return done;
      }
    }
  }
  const auto file = counters_file(device);
  const bool gone = file.empty() || std::remove(file.c_str()) == 0 || errno == ENOENT;
  note(device, gone ? Result<>{} : Error::from_errno(errno, fmt::format("cannot remove {}", file)));
  return {};
}

std::vector<std::string> Tc::counted() {
  std::vector<std::string> devices;
  std::error_code none;  // of a folder that cannot be read nothing can be cleared away
  for (std::filesystem::directory_iterator each(folder_, none), end; each != end;
       each.increment(none)) {
    auto name = each->path().filename().string();
    if (!uncounted_.contains(name)) {
      devices.push_back(std::move(name));
    }
  }
  std::ranges::sort(devices);
  return devices;
}

Result<Counters> Tc::counters(const std::string& device) {
  if (const auto why = uncounted_.find(device); why != uncounted_.end()) {
    return why->second;
  }
  const auto file = counters_file(device);
  const UniqueFd map(file.empty() ? -1 : bpf_obj_get(file.c_str()));
  if (!map) {
    return file.empty() ? Error::make(ErrorKind::NotFound, "no folder keeps 4via6 counters")
                        : Error::from_errno(errno, fmt::format("cannot open {}", file));
  }
  const int processors = libbpf_num_possible_cpus();
  if (processors <= 0) {
    return Error::from_errno(-processors, "cannot count the processors");
  }
  Counters read;
  std::vector<std::uint64_t> each(static_cast<std::size_t>(processors));
  for (std::uint32_t key = 0; key < CW_VIA6_COUNTERS; ++key) {
    if (bpf_map_lookup_elem(map.get(), &key, each.data()) != 0) {
      return Error::from_errno(errno, fmt::format("cannot read {}", file));
    }
    auto& counts = key < kOutcomes ? read.from_tunnel : read.to_tunnel;
    for (const auto packets : each) {
      counts[key % kOutcomes] += packets;
    }
  }
  return read;
}

}  // namespace cw::via6
