// SPDX-License-Identifier: Apache-2.0
// What routers ask of others: the arbiter and the fabric.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "tests/sim/ha/trace.h"
#include "tests/sim/ha/world.h"

namespace cw::sim {

void World::ask_arbiter(std::size_t index, std::variant<ha::ReadRecord, ha::WriteRecord> request) {
  const std::size_t arbiter = routers_.size();
  Router& router = routers_[index];
  const auto [gateway, id] =
      std::visit([](const auto& each) { return std::pair(each.gateway, each.request); }, request);
  if (arbiter_out_ > 0 || cut_[index][arbiter] > 0) {
    if (random_.in_thousand(300)) {
      at(now_ + random_.between(1, 50) * kMillisecond,
         ForRouter{
             index, router.life,
             ha::ArbiterAnswer{.gateway = gateway,
                               .request = id,
                               .outcome = random_.in_thousand(500) ? ha::ArbiterOutcome::Refused
                                                                   : ha::ArbiterOutcome::Unknown}});
    }
    return;
  }
  if (random_.in_thousand(trouble_.request_loss)) {
    return;
  }
  const Micros most = random_.in_thousand(trouble_.request_late) ? kLatest : trouble_.arbiter_most;
  at(now_ + random_.between(kMillisecond / 2, most),
     AtArbiter{.router = index, .life = router.life, .request = std::move(request)});
}

void World::at_arbiter(const AtArbiter& asked) {
  if (arbiter_out_ > 0) {
    return;
  }
  ha::ArbiterAnswer answer;
  if (const auto* read = std::get_if<ha::ReadRecord>(&asked.request)) {
    answer = {.gateway = read->gateway, .request = read->request};
    answer.outcome = ha::ArbiterOutcome::Done;
  } else {
    const auto& wanted = std::get<ha::WriteRecord>(asked.request);
    answer = {.gateway = wanted.gateway, .request = wanted.request};
    const std::size_t g = gateway_index(wanted.gateway);
    const bool agrees = records_[g].version == wanted.expected;
    answer.outcome = agrees ? ha::ArbiterOutcome::Done : ha::ArbiterOutcome::Conflict;
    if (agrees) {
      write(asked.router, g, wanted.record);
    }
  }
  answer.current = records_[gateway_index(answer.gateway)];
  if (cut_[asked.router][routers_.size()] > 0 || random_.in_thousand(trouble_.answer_loss)) {
    return;
  }
  at(now_ + random_.between(kMillisecond / 2, trouble_.arbiter_most),
     ForRouter{asked.router, asked.life, std::move(answer)});
}

void World::write(std::size_t router, std::size_t gateway, const ha::Record& record) {
  ha::VersionedRecord& current = records_[gateway];
  const ha::Record before = current.record.value_or(ha::Record{});
  current = {.version = ++version_, .record = record};
  if (before.term != record.term) {
    tell(fmt::format("arbiter: {} is {}'s, term {}, successor {}", scenario_.gateways[gateway].name,
                     record.owner, record.term, record.successor));
    mark(Mark::What::Written, gateway, router, {.term = record.term});
  }
  invariants_.written(gateway, before, record, now_);
  for (std::size_t to = 0; to < routers_.size(); ++to) {
    if (to != router && routers_[to].state && cut_[to][routers_.size()] == 0 &&
        !random_.in_thousand(trouble_.watch_loss)) {
      at(now_ + random_.between(kMillisecond / 2, trouble_.arbiter_most),
         ForRouter{
             to, routers_[to].life,
             ha::RecordChanged{.gateway = scenario_.gateways[gateway].name, .current = current}});
    }
  }
}

void World::ask_fabric(std::size_t index, const std::string& gateway, std::uint64_t request,
                       bool move) {
  Router& router = routers_[index];
  const auto answer = [&](ha::FabricOutcome outcome, Micros after) {
    at(now_ + after,
       ForRouter{index, router.life,
                 ha::FabricAnswer{.gateway = gateway,
                                  .request = request,
                                  .outcome = outcome,
                                  .retry_after = ha::Duration{random_.between(0, 500)}}});
  };
  if (cut_[index][routers_.size() + 1] > 0) {
    answer(ha::FabricOutcome::Unknown, random_.between(1, 50) * kMillisecond);
  } else if (random_.in_thousand(trouble_.call_refused)) {
    answer(ha::FabricOutcome::Refused, random_.between(1, 50) * kMillisecond);
  } else if (!random_.in_thousand(trouble_.call_loss)) {
    const Micros most = random_.in_thousand(trouble_.call_late) ? kLatest : trouble_.fabric_most;
    at(now_ + random_.between(kMillisecond, move ? most : std::min(most, kSecond / 5)),
       AtFabric{index, router.life, gateway_index(gateway), request, move});
  }
}

void World::at_fabric(const AtFabric& called) {
  const std::string& name = scenario_.gateways[called.gateway].name;
  if (called.move) {
    tell(fmt::format("fabric: {} goes to r{}", name, called.router));
    mark(Mark::What::Landed, called.gateway, called.router);
    invariants_.fabric_is(called.gateway, called.router, now_);
    if (random_.in_thousand(500)) {
      at(now_ + random_.between(0, 20) * kMillisecond,
         ForRouter{called.router, called.life, ha::AddressArrived{.gateway = name}});
    }
  }
  if (random_.in_thousand(trouble_.call_answer_loss)) {
    return;
  }
  const bool here = invariants_.fabric(called.gateway) == called.router;
  at(now_ + random_.between(kMillisecond / 2, 5 * kMillisecond),
     ForRouter{called.router, called.life,
               ha::FabricAnswer{
                   .gateway = name,
                   .request = called.request,
                   .outcome = here ? ha::FabricOutcome::Here : ha::FabricOutcome::Elsewhere}});
}

}  // namespace cw::sim
