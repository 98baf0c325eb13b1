// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fetch/http/client.h"
#include "fetch/request.h"
#include "router/agent/fetch_loop.h"
#include "router/agent/fetcher.h"
#include "router/agent/journal.h"
#include "router/agent/kept_bundles.h"
#include "router/agent/kept_network.h"
#include "router/agent/network_source.h"
#include "router/agent/sibling_watch.h"

// A signed netmap and its revocations, as a file or at an address. What is taken is decided in
// router/plan/acceptance.h; this fetches, remembers and keeps the times: of a trial that nobody
// confirmed, and of a source that was not heard for too long. A source that is down changes nothing
// else. A netmap that a sibling hands over is judged as one that is fetched; that the source was
// heard does not follow from it.
namespace cw::agent {

// Beside the netmap, fetched this often: a revocation is in force within ten seconds.
inline constexpr auto kRevocationsSuffix = ".revoked";
inline constexpr std::chrono::milliseconds kRevocationInterval{5000};

// Written down no more often than this when the source was heard. A start takes the latest moment
// that this leaves: a restart must lock nobody out.
inline constexpr std::chrono::seconds kRemembersHearing{300};

struct SignedSetup {
  fetch::Location where;
  router::Trust trust;
  fetch::Trust tls;
  std::chrono::milliseconds interval{30000};
  std::optional<std::chrono::seconds> max_age;
  std::optional<std::string> siblings;  // causeway-failover's folder, where it runs
};

class SignedSource final : public NetworkSource {
 public:
  // All but the setup and the listener outlive this.
  static Result<std::unique_ptr<NetworkSource>> create(SignedSetup setup, const Loop& loop,
                                                       const Clock& clock, Journal& journal,
                                                       const KeptBundles& kept,
                                                       const KeptNetwork& of_a_directory,
                                                       Listener listener);

  [[nodiscard]] std::string where() const override { return setup_.where.text; }

  [[nodiscard]] Result<std::optional<KeptNetmap>> resume() override;

  [[nodiscard]] std::optional<NetworkReading> first() override { return std::nullopt; }

  [[nodiscard]] bool is_kept(const network::Netmap& /*netmap*/) const override { return false; }

  void begin() override;
  void read_now(Callback done) override;
  void look_again() override;
  void taken() override;
  Result<> keep(const network::Netmap& netmap) override;
  [[nodiscard]] router::Curtailment curtailment(Of which) const override;
  [[nodiscard]] std::optional<api::SourceStatus> status() const override;
  [[nodiscard]] std::optional<ForSiblings> for_siblings() const override;
  [[nodiscard]] std::vector<api::Problem> problems() const override;

  [[nodiscard]] bool is_provisional() const override { return provisional_; }

 private:
  // An offer that is not in force yet.
  struct Pending {
    router::InForce becomes;
    std::string bundle;
    WallTime taken{};
    bool going_back = false;
  };

  struct ToKeep {
    std::string bundle;
    KeptBundles::Before before = KeptBundles::Before::Forget;
  };

  // A file that was read.
  struct SeenFile {
    std::uint64_t inode = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;

    friend bool operator==(const SeenFile&, const SeenFile&) = default;
  };

  // A person who waits for what is asked from now on.
  struct Waiter {
    std::uint64_t number = 0;  // Fetcher::asked()
    Callback done;
  };

  SignedSource(SignedSetup setup, const Clock& clock, Journal& journal, const KeptBundles& kept,
               const KeptNetwork& of_a_directory, Listener listener);

  Result<std::optional<KeptNetmap>> resume_netmap();
  void resume_revocations(const router::InForce& by);
  void on_netmap(Result<fetch::Answer> answer);
  // signed_judging.cpp
  NetworkReading judge(Result<fetch::Answer> answer);
  NetworkReading judge_content(std::string bundle);
  // The netmap, which is pending then, with the bundle; none: it is in force.
  Result<std::optional<network::Netmap>> consider(std::string& bundle, WallTime now);
  void hand_over(NetworkReading reading, std::uint64_t number);
  void on_revocations(Result<fetch::Answer> answer);
  // Nothing, too, where it is the one that is held. Exists: it is older.
  Result<> take_revocations(const std::string& bundle, const router::InForce& now);
  [[nodiscard]] const network::Statement* on_trial() const;
  [[nodiscard]] WallTime trial_ends(const network::Statement& statement) const;
  void heard();
  // signed_siblings.cpp
  void on_sibling_file(std::string_view name);
  void look_for_wanted();
  void note_looked();
  [[nodiscard]] std::uint64_t offered_by_source() const;
  Result<std::optional<std::string>> read_from_sibling();
  void take_from_sibling();
  void take_list_from_sibling();
  void judge_from_sibling(std::string bundle);
  void note_refused_sibling(const Error* error);
  void remember();
  void arm_timers();
  void on_silence();
  void on_unconfirmed();
  std::optional<NetworkReading> before_the_trial(const network::Statement& statement);
  [[nodiscard]] bool cannot_go_back() const;
  void note(std::optional<std::string>& told, std::optional<std::string> now,
            std::string_view what);

  SignedSetup setup_;
  const Clock& clock_;
  Journal& journal_;
  const KeptBundles& kept_;
  const KeptNetwork& of_a_directory_;
  Listener listener_;

  std::unique_ptr<FetchLoop> fetch_loop_;
  std::unique_ptr<fetch::HttpClient> client_;
  std::unique_ptr<Fetcher> netmap_;
  std::unique_ptr<Fetcher> revocations_;
  Timer trial_;
  Timer silence_;
  std::unique_ptr<SiblingWatch> siblings_;  // none: this router has no sibling

  std::optional<router::InForce> now_;
  WallTime taken_{};
  bool provisional_ = false;  // on trial, and there is something to go back to
  std::optional<Pending> pending_;
  std::optional<ToKeep> to_keep_;
  std::optional<router::HeldRevocations> held_;
  bool list_kept_ = false;       // on disk, where siblings can be given it
  std::vector<Waiter> waiting_;  // in order

  SourceMemory memory_;
  std::optional<WallTime> remembered_;         // as the disk has it
  std::optional<std::string> not_remembered_;  // why the disk has not all of it
  bool expiring_ = false;
  std::uint64_t fetches_ = 0;
  std::uint64_t failed_ = 0;

  std::optional<NetworkReading::Kind> last_;
  std::string refusal_;                      // of the last netmap; empty: it was not
  WallTime judged_{};                        // when
  std::optional<std::string> trouble_;       // why the source cannot be looked at
  std::optional<std::string> no_list_;       // why the revocations cannot
  std::optional<std::string> refused_list_;  // why those that were fetched do not count

  std::optional<std::string> refused_sibling_;       // why what a sibling handed over does not
  std::optional<std::string> refused_sibling_list_;  // the same of revocations
  std::optional<SeenFile> seen_;                     // the last that one did
  std::uint64_t wanted_ = 0;                         // the highest serial that siblings speak of
  std::uint64_t wanted_by_ = 0;                      // Fetcher::asked() of the look for it
  std::uint64_t looked_ = 0;                         // the last that was looked for
  std::uint64_t refused_ = 0;       // newer_serial() of the last that was not taken
  std::uint64_t told_offered_ = 0;  // of for_siblings(), when it was told last
};

}  // namespace cw::agent
