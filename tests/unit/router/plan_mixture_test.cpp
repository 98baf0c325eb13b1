// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "router/model/ownership.h"
#include "router/plan/desired.h"
#include "router/plan/plan.h"
#include "tests/support/model_kernel.h"
#include "tests/support/networks.h"
#include "tests/unit/router/random_snapshot.h"

// The laws of the plan over readings of the kernel whose parts come from different networks, have
// holes, and are whole or not, each for itself: whatever was read, each step can be justified from
// what is wanted and from the one part of the reading it is about.
namespace cw::router {
namespace {

using firewall::Depth;

constexpr auto kStray = "cw-stray";    // a WireGuard device that no network names
constexpr auto kBridge = "cw-bridge";  // somebody else's, under a name like ours
constexpr auto kForeign = "wg0";       // which the sinks never show; nor would the plan take it

KernelState kernel_of(const DesiredState& state, const DesiredState& wanted) {
  test::ModelKernel kernel;
  auto sinks = kernel.sinks();
  RC_ASSERT(
      apply(plan(state, read_kernel(sinks, state, Depth::Full).state), sinks, test::key_ring())
          .ok());
  return read_kernel(sinks, wanted, Depth::Full).state;
}

// Some of the items, and perhaps not said to be all.
template <class T>
Dump<T> holed(Dump<T> dump) {
  std::erase_if(dump.items,
                [](const T&) { return *rc::gen::weightedElement<bool>({{5, false}, {1, true}}); });
  dump.complete = *rc::gen::arbitrary<bool>();
  return dump;
}

KernelState mixture(const DesiredState& wanted) {
  const std::array sources = {kernel_of(wanted, wanted),
                              kernel_of(*desired(random_snapshot()), wanted),
                              kernel_of({}, wanted)};
  const auto from = [&]() -> const KernelState& {
    return sources.at(*rc::gen::inRange<std::size_t>(0, sources.size()));
  };
  KernelState state{.links = holed(from().links),
                    .devices = holed(from().devices),
                    .addresses = holed(from().addresses),
                    .routes = holed(from().routes),
                    .rules = holed(from().rules),
                    .translators = holed(Dump{.items = from().translators, .complete = true}).items,
                    .sysctls = from().sysctls,
                    .firewall = from().firewall};
  if (*rc::gen::arbitrary<bool>()) {
    state.firewall.reset();
  }
  for (const auto* name : {kStray, kForeign}) {
    state.links.items.push_back(
        {.index = 90, .name = name, .kind = "wireguard", .mtu = 1420, .up = true});
    state.devices.items.push_back({.name = name});
  }
  state.links.items.push_back(
      {.index = 91, .name = kBridge, .kind = "bridge", .mtu = 1500, .up = true});
  if (!wanted.devices.empty() && *rc::gen::arbitrary<bool>()) {
    // Somebody took one of our names.
    std::erase_if(state.links.items,
                  [&](const auto& link) { return link.name == wanted.devices[0].name; });
    state.links.items.push_back(
        {.index = 92, .name = wanted.devices[0].name, .kind = "dummy", .mtu = 9, .up = false});
  }
  return state;
}

template <class T>
bool has(const std::vector<T>& items, const T& item) {
  return std::ranges::find(items, item) != items.end();
}

template <class T, class Field>
const T* named(const std::vector<T>& items, const std::string& name, Field field) {
  const auto found = std::ranges::find(items, name, field);
  return found == items.end() ? nullptr : &*found;
}

// One overload a kind of step, so that a new kind cannot be forgotten.
struct Justified {
  const DesiredState& wanted;
  const KernelState& kernel;

  [[nodiscard]] const Device* device(const std::string& name) const {
    return named(wanted.devices, name, &Device::name);
  }

  [[nodiscard]] const netlink::Link* link(const std::string& name) const {
    return named(kernel.links.items, name, &netlink::Link::name);
  }

  // Ours to configure: wanted, and no thing of another kind has the name.
  [[nodiscard]] bool ours(const std::string& name) const {
    return device(name) != nullptr && (link(name) == nullptr || link(name)->kind == "wireguard");
  }

  bool operator()(const CreateDevice& step) const {
    // Where the name is taken it fails and says by whom.
    return device(step.device) != nullptr &&
           (link(step.device) != nullptr ? link(step.device)->kind != "wireguard"
                                         : kernel.links.complete);
  }

  bool operator()(const RemoveDevice& step) const {
    return kernel.links.complete && device(step.device) == nullptr &&
           step.device.starts_with(kDevicePrefix) && link(step.device) != nullptr &&
           link(step.device)->kind == "wireguard";
  }

  bool operator()(const SetMtu& step) const {
    return ours(step.device) && link(step.device)->mtu != step.mtu &&
           device(step.device)->mtu == step.mtu;
  }

  bool operator()(const SetUp& step) const { return ours(step.device); }

  bool operator()(const ConfigureDevice& step) const { return ours(step.device); }

  bool operator()(const ChangePeers& step) const {
    const auto* there = named(kernel.devices.items, step.device, &netlink::WgDevice::name);
    return ours(step.device) && std::ranges::all_of(step.peers, [&](const NamedPeerChange& each) {
             const auto& key = each.change.key;
             const auto& peers = device(step.device)->peers;
             const bool wants = std::ranges::find(peers, key, &DevicePeer::key) != peers.end();
             const bool has_it =
                 there != nullptr &&
                 std::ranges::find(there->peers, key, &netlink::WgPeer::key) != there->peers.end();
             return each.change.verb == netlink::PeerVerb::Remove ? has_it && !wants : wants;
           });
  }

  bool operator()(const StartHandshakes& step) const { return ours(step.device); }

  bool operator()(const AddAddress& step) const {
    return has(wanted.addresses, step.address) && !has(kernel.addresses.items, step.address);
  }

  bool operator()(const RemoveAddress& step) const {
    return kernel.addresses.complete && has(kernel.addresses.items, step.address) &&
           !has(wanted.addresses, step.address);
  }

  bool operator()(const AddRoute& step) const {
    return has(wanted.routes, step.route) && !has(kernel.routes.items, step.route);
  }

  bool operator()(const RemoveRoute& step) const {
    return kernel.routes.complete && has(kernel.routes.items, step.route) &&
           !has(wanted.routes, step.route);
  }

  bool operator()(const AddRule& step) const {
    return has(wanted.rules, step.rule) && !has(kernel.rules.items, step.rule);
  }

  bool operator()(const RemoveRule& step) const {
    // A device that was not seen may be up behind it.
    return kernel.rules.complete && kernel.links.complete && has(kernel.rules.items, step.rule) &&
           !has(wanted.rules, step.rule);
  }

  [[nodiscard]] const Translator* translator(const std::string& device) const {
    return named(wanted.translators, device, &Translator::device);
  }

  [[nodiscard]] const via6::Attached* attached(const std::string& device) const {
    return named(kernel.translators, device, &via6::Attached::device);
  }

  bool operator()(const AttachTranslator& step) const {
    const auto* want = translator(step.device);
    const auto* there = attached(step.device);
    return ours(step.device) && want != nullptr && want->parameters == step.parameters &&
           kernel.firewall.has_value() &&
           (link(step.device) == nullptr
                ? kernel.links.complete
                : there != nullptr && (there->from_tunnel != want->digest ||
                                       there->to_tunnel != want->digest || !there->counted));
  }

  bool operator()(const DetachTranslator& step) const {
    const auto* there = attached(step.device);
    return translator(step.device) == nullptr && there != nullptr &&
           (!there->from_tunnel.empty() || !there->to_tunnel.empty() || there->counted);
  }

  bool operator()(const SetSysctl& step) const {
    const auto asked = std::ranges::find(wanted.sysctls, step.sysctl.key, &WantedSysctl::key);
    return asked != wanted.sysctls.end() && asked->value == step.sysctl.value &&
           !asked->is_met_by(step.before) &&
           has(kernel.sysctls, {.key = step.sysctl.key, .value = step.before});
  }

  bool operator()(const ReplaceRuleset& step) const {
    return wanted.firewall == step.ruleset && kernel.firewall &&
           kernel.firewall->present == step.another;
  }

  bool operator()(const ExchangeContents& /*step*/) const {
    return wanted.firewall.has_value() && kernel.firewall && kernel.firewall->digest;
  }

  bool operator()(const RemoveRuleset& /*step*/) const {
    return !wanted.firewall && kernel.links.complete && kernel.firewall && kernel.firewall->present;
  }
};

DesiredState random_wish() {
  return *rc::gen::weightedElement<bool>({{2, true}, {1, false}}) ? *desired(random_snapshot())
                                                                  : DesiredState{};
}

TEST(PlanOfAMixture, HasAReasonForEachStepInTheOnePartItIsAbout) {
  EXPECT_TRUE(rc::check([] {
    const auto wanted = random_wish();
    const auto kernel = mixture(wanted);
    for (const auto& step : plan(wanted, kernel).steps) {
      RC_LOG() << to_lines(step).front() << "\n";
      RC_ASSERT(std::visit(Justified{.wanted = wanted, .kernel = kernel}, step.action));
    }
  }));
}

TEST(PlanOfAMixture, DoesNotDependOnTheOrderInWhichTheKernelListsDevices) {
  EXPECT_TRUE(rc::check([] {
    const auto wanted = random_wish();
    const auto kernel = mixture(wanted);
    auto shuffled = kernel;
    std::mt19937 random(*rc::gen::arbitrary<unsigned>());
    std::ranges::shuffle(shuffled.links.items, random);
    std::ranges::shuffle(shuffled.devices.items, random);
    auto lines = to_lines(plan(wanted, kernel));
    auto others = to_lines(plan(wanted, shuffled));
    std::ranges::sort(lines);
    std::ranges::sort(others);
    RC_ASSERT(lines == others);
  }));
}

TEST(PlanOfAMixture, OpensNothingWhileTheFirewallIsUnknown) {
  EXPECT_TRUE(rc::check([] {
    const auto wanted = *desired(random_snapshot());
    auto kernel = mixture(wanted);
    kernel.firewall.reset();
    for (const auto& step : plan(wanted, kernel).steps) {
      RC_ASSERT(!std::holds_alternative<router::SetUp>(step.action));
      RC_ASSERT(!std::holds_alternative<AddRoute>(step.action));
      RC_ASSERT(!std::holds_alternative<AttachTranslator>(step.action));
      RC_ASSERT(!std::holds_alternative<SetSysctl>(step.action));
    }
  }));
}

// The same through the sinks, where what is not ours is told apart first.
TEST(PlanOfAMixture, LeavesEverythingOfOthersAsItWas) {
  EXPECT_TRUE(rc::check([] {
    const auto wanted = *desired(random_snapshot());
    test::ModelKernel kernel;
    RC_ASSERT(kernel.create_wireguard(kForeign, 1400).has_value());
    RC_ASSERT(kernel
                  .change({.device = kForeign,
                           .listen_port = std::uint16_t{51820},
                           .peers = {{.key = test::public_key(4242),
                                      .allowed_ips = {wanted.addresses[0].prefix}}}})
                  .has_value());
    kernel.add_foreign_link(kBridge, "bridge");
    RC_ASSERT(kernel.add_address({.device = kBridge, .prefix = *net::Prefix::parse("192.0.2.1/32")})
                  .has_value());
    kernel.sysctls["net/ipv4/conf/all/rp_filter"] = "2";
    const auto others = [&] {
      auto links = *kernel.links();
      std::erase_if(links, [](const auto& link) {
        return link.name.starts_with(kDevicePrefix) && link.name != kBridge;
      });
      auto addresses = *kernel.addresses();
      std::erase_if(addresses, [](const auto& address) { return address.device != kBridge; });
      return std::tuple(links, *kernel.device(kForeign), addresses,
                        kernel.sysctls.at("net/ipv4/conf/all/rp_filter"));
    };
    const auto before = others();
    for (const auto& state : {wanted, *desired(random_snapshot()), DesiredState{}}) {
      auto sinks = kernel.sinks();
      (void)apply(plan(state, read_kernel(sinks, state, Depth::Full).state), sinks,
                  test::key_ring());
      RC_ASSERT(others() == before);
    }
  }));
}

}  // namespace
}  // namespace cw::router
