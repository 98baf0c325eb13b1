// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

#include "tests/sim/ha/world.h"

// histories FIRST COUNT: what can be seen of these seeds' histories from outside, for ha/model/: a
// line "seed SEED GATEWAY ROUTERS" for each gateway, then a line "MARK ROUTER EPOCH" for each mark,
// in order.
int main(int argc, char** argv) {
  using namespace cw::sim;
  std::uint64_t numbers[2] = {1, 1};
  for (int i = 1; i < argc && i <= 2; ++i) {
    std::from_chars(argv[i], argv[i] + std::strlen(argv[i]), numbers[i - 1]);
  }
  for (std::uint64_t seed = numbers[0]; seed < numbers[0] + numbers[1]; ++seed) {
    World world(make_scenario(seed));
    (void)world.run();
    for (std::size_t gateway = 0; gateway < world.scenario().gateways.size(); ++gateway) {
      fmt::print("seed {} {} {}\n", seed, gateway, world.scenario().routers.size());
      for (const Mark& mark : world.marks()) {
        if (mark.gateway == gateway) {
          fmt::print("{} {} {}\n", static_cast<int>(mark.what), mark.router,
                     2 * mark.epoch.term + (mark.epoch.provisional ? 1 : 0));
        }
      }
    }
  }
  return 0;
}
