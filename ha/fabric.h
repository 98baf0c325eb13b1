// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ha/values.h"

// The contract of a fabric: what makes packets for a gateway's address arrive at one router (ARP
// and NA on a LAN, EC2's address and route tables). It has no idea of terms: the last call that
// takes effect wins, whoever sent it and whenever. What an implementation owes:
//
// - MoveAddress makes the address ours in one call where the fabric has one, takes it from whoever
// has
//   it, and is idempotent. It may take effect after the core gave up on it, or never.
// - CheckAddress changes nothing. Here and Elsewhere say where the fabric brings packets now;
// Elsewhere
//   includes nowhere. Both mean as well that a move could be executed by us (EC2: a dry run); where
//   it could not, the answer is Refused.
// - WithdrawAddress: never again claim the address, but accept what still arrives. On a LAN: stop
//   answering ARP and NS for it. On EC2 nothing. It cannot fail in a way anybody could help.
// - Each request gets at most one answer, which may be late or lost. Refused certainly had no
// effect
//   and says when to try again (throttling); Unknown may have one.
// - AddressArrived as soon as there is evidence that packets come: the first inbound packet for the
//   address, the announcement that nobody contradicted. It may come before the answer, or never.
// - No retries of its own.
namespace cw::ha {

struct MoveAddress {
  std::string gateway;
  std::uint64_t request = 0;

  friend bool operator==(const MoveAddress&, const MoveAddress&) = default;
};

struct CheckAddress {
  std::string gateway;
  std::uint64_t request = 0;

  friend bool operator==(const CheckAddress&, const CheckAddress&) = default;
};

struct WithdrawAddress {
  std::string gateway;

  friend bool operator==(const WithdrawAddress&, const WithdrawAddress&) = default;
};

enum class FabricOutcome : std::uint8_t { Here, Elsewhere, Refused, Unknown };

// Of a move, Here is success; Elsewhere says that it took effect and was overtaken.
struct FabricAnswer {
  std::string gateway;
  std::uint64_t request = 0;
  FabricOutcome outcome = FabricOutcome::Unknown;
  Duration retry_after{};  // of Refused

  friend bool operator==(const FabricAnswer&, const FabricAnswer&) = default;
};

struct AddressArrived {
  std::string gateway;

  friend bool operator==(const AddressArrived&, const AddressArrived&) = default;
};

}  // namespace cw::ha
