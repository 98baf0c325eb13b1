// SPDX-License-Identifier: Apache-2.0
// An agent whose network shares a gateway, beside a causeway-failover that runs or does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/model/ownership.h"
#include "tests/unit/router/agent/agent_on_a_model.h"

namespace cw::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AgentWithFailover : public AgentOnAModel {
 protected:
  AgentWithFailover() { failover_ = temp_ / "failover"; }

  void share() {
    temp_.write("network/sites/prod.toml",
                fmt::format("id = 1\nroutes = [\"10.0.0.0/16\"]\n"
                            "[[router]]\nname = \"r1\"\naddress = \"10.0.0.10\"\n"
                            "[[router]]\nname = \"r2\"\naddress = \"10.0.0.11\"\n"
                            "[[gateway]]\nname = \"prod\"\npublic_key = \"{}\"\n"
                            "endpoint = \"vpn.example.com:51820\"\naddress = \"100.100.0.1\"\n"
                            "routers = [\"r1\", \"r2\"]\n",
                            test::public_key(1).to_text()));
  }

  // What is said of it, of whichever gateway.
  std::vector<std::string> said() {
    std::vector<std::string> texts;
    for (const auto& problem : agent_->status().problems) {
      if (problem.text.find("causeway-failover") != std::string::npos) {
        EXPECT_EQ(problem.gateway, "prod");
        EXPECT_EQ(problem.severity, api::Severity::Warning);
        EXPECT_THAT(problem.hint, HasSubstr("systemctl start causeway-failover"));
        texts.push_back(problem.text);
      }
    }
    return texts;
  }
};

TEST_F(AgentWithFailover, SaysThatItDoesNotRunAndWhatBecomesOfTheGateway) {
  share();
  start();
  EXPECT_THAT(said(), ElementsAre(HasSubstr("does not serve")));
  kernel_.wireguard("cw-prod").fwmark = router::kMarkOuter;
  EXPECT_THAT(said(), ElementsAre(HasSubstr("goes on serving")));
  const auto folder = RuntimeFolder::claim(*failover_, "causeway-failover");
  ASSERT_TRUE(folder);
  {
    const auto listening = folder->listen();
    ASSERT_TRUE(listening);
    EXPECT_THAT(said(), IsEmpty());
  }
  EXPECT_THAT(said(), ElementsAre(HasSubstr("goes on serving"))) << "it was killed";
  agent_->down();
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(AgentWithFailover, WhereNothingIsSharedItIsNotMissed) {
  start();
  EXPECT_THAT(said(), IsEmpty());
}

}  // namespace
}  // namespace cw::agent
