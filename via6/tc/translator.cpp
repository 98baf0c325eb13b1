// SPDX-License-Identifier: Apache-2.0
#include "via6/tc/translator.h"

#include <cerrno>
#include <cstdio>
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
  out.text(TCA_KIND, "clsact");
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
std::string name_of(const netlink::Message& message) {
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
    return "foreign";
  }
  const netlink::Attributes inside(options->payload);
  const auto name = inside.find(TCA_BPF_NAME);
  const auto flags = inside.find(TCA_BPF_FLAGS);
  const bool direct = flags && (flags->as<std::uint32_t>().value_or(0) & TCA_BPF_FLAG_ACT_DIRECT);
  return name && direct && !name->text().empty() ? std::string(name->text()) : "foreign";
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

std::string Tc::counters_file(const std::string& device) const {
  return folder_.empty() ? std::string{} : fmt::format("{}/{}", folder_, device);
}

Result<Attached> Tc::attached(const std::string& device) {
  const int index = CW_TRY(index_of(device));
  Attached found{.device = device};
  const auto read = [&](std::uint32_t parent, std::string& into) -> Result<> {
    return netlink::retry_interrupted([&]() -> Result<> {
      into.clear();
      auto request = list_filters(index, parent);
      auto done = channel_.exchange(request, fmt::format("cannot list the filters of {}", device),
                                    [&](const netlink::Message& message) {
                                      auto name = name_of(message);
                                      if (!name.empty()) {
                                        into = into.empty() ? std::move(name) : "foreign";
                                      }
                                    });
      return !done && is_absent(done.error()) ? Result<>{} : done;
    });
  };
  CW_TRY(read(kIngress, found.from_tunnel));
  CW_TRY(read(kEgress, found.to_tunnel));
  return found;
}

Result<> Tc::attach(const std::string& device, const Parameters& parameters) {
  const int index = CW_TRY(index_of(device));
  const auto name = CW_TRY(digest(parameters));
  const auto there = CW_TRY(attached(device));
  Programs::Options options;
  options.counters = counters_file(device);
  const auto programs = CW_TRY_IN(Programs::load(parameters, options),
                                  fmt::format("while putting 4via6 on {}", device));
  auto clsact = make_clsact(index);
  if (auto done = channel_.exchange(clsact, fmt::format("cannot add clsact to {}", device));
      !done && done.error().os != EEXIST) {
    return done;
  }
  const auto what = fmt::format("cannot put a 4via6 program on {}", device);
  const auto put = [&](std::uint32_t parent, int program, const std::string& before) -> Result<> {
    if (before == "foreign") {
      auto removal = remove_filters(index, parent);
      CW_TRY(channel_.exchange(removal, what));
    }
    auto request = put_filter(index, parent, program, name);
    return channel_.exchange(request, what);
  };
  // Answers first: a request that passes has a way back.
  CW_TRY(put(kEgress, programs.to_tunnel(), there.to_tunnel));
  return put(kIngress, programs.from_tunnel(), there.from_tunnel);
}

Result<> Tc::detach(const std::string& device) {
  const auto file = counters_file(device);
  if (!file.empty() && std::remove(file.c_str()) != 0 && errno != ENOENT) {
    return Error::from_errno(errno, fmt::format("cannot remove {}", file));
  }
  const auto index = index_of(device);
  if (!index) {
    return {};
  }
  for (const auto parent : {kIngress, kEgress}) {
    auto request = remove_filters(*index, parent);
    auto done = channel_.exchange(request, fmt::format("cannot take 4via6 off {}", device));
    if (!done && !is_absent(done.error())) {
      return done;
    }
  }
  return {};
}

Result<Counters> Tc::counters(const std::string& device) {
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
