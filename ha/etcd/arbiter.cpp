// SPDX-License-Identifier: Apache-2.0
#include "ha/etcd/arbiter.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "base/printable.h"
#include "fetch/location.h"
#include "ha/etcd/codec/record.h"
#include "ha/etcd/connection.h"
#include "ha/etcd/watch.h"

namespace cw::ha::etcd {

namespace {

constexpr std::size_t kMostTroubles = 16;  // told of in a row

// What all paths of the gateway begin with; an address alone is no file's to fetch/.
constexpr std::string_view kRoot = "/v3";

// The address without a slash at its end: the paths bring it.
Result<std::string> endpoint_of(std::string_view text) {
  while (text.ends_with('/')) {
    text.remove_suffix(1);
  }
  auto location = CW_TRY(fetch::parse_location(fmt::format("{}{}", text, kRoot)));
  if (!fetch::is_remote(location)) {
    return Error::invalid(
        fmt::format("\"{}\" is no address of etcd's; write https://HOST:2379", printable(text)));
  }
  return location.text.substr(0, location.text.size() - kRoot.size());
}

class EtcdArbiter final : public Arbiter, private fetch::EventLoop {
 public:
  EtcdArbiter(Connection::Config config, Site site, fetch::EventLoop& loop, const Clock& clock,
              Listener listener)
      : loop_(loop),
        clock_(clock),
        listener_(std::move(listener)),
        site_(std::move(site)),
        patience_(config.patience),
        connection_(std::move(config), clock),
        watch_(
            connection_, site_, patience_,
            [this](RecordChanged changed) { outbox_.emplace_back(std::move(changed)); },
            [this](std::optional<Error> error) { tell(watch_troubles_, std::move(error)); }) {}

  Result<> start() {
    CW_TRY(connection_.start(*this));
    arm();
    return {};
  }

  void read(const ReadRecord& read) override {
    if (!is_name(read.gateway, kMostGatewayName)) {
      refuse(read.gateway, read.request, Error::invalid("no gateway's name"));
    } else {
      connection_.post(kRangePath, read_request(site_, read.gateway),
                       [this, read](Answered answered) { on_read(read, std::move(answered)); });
    }
    arm();
  }

  void write(const WriteRecord& write) override {
    auto body = is_name(write.gateway, kMostGatewayName)
                    ? write_request(site_, write)
                    : Result<std::string>(Error::invalid("no gateway's name"));
    if (!body) {
      refuse(write.gateway, write.request, std::move(body.error()));
    } else {
      connection_.post(kTxnPath, *body, [this, write](Answered answered) {
        on_written(write, std::move(answered));
      });
    }
    arm();
  }

  void watch(const std::vector<std::string>& gateways) override {
    watch_.want(gateways, clock_.steady());
    arm();
  }

  void on_ready(int fd, bool readable, bool writable) override {
    connection_.on_ready(fd, readable, writable);
    work();
  }

  void on_time() override {
    if (curl_due_ && clock_.steady() >= *curl_due_) {
      curl_due_.reset();
      connection_.on_curl_time();
    }
    work();
  }

 private:
  using Told = std::optional<Error>;
  using Letter = std::variant<ArbiterAnswer, RecordChanged, Told>;
  using Troubles = std::set<std::string>;

  // libcurl's wishes; the loop's one timer is shared.
  void watch(int fd, Interest interest) override { loop_.watch(fd, interest); }

  void wake_in(std::optional<std::chrono::milliseconds> delay) override {
    curl_due_.reset();
    if (delay) {
      curl_due_ = clock_.steady() + *delay;
    }
  }

  // Whoever is called may ask for more; that is for the next round.
  void work() {
    connection_.deliver();
    watch_.work(clock_.steady());
    for (const auto& letter : std::exchange(outbox_, {})) {
      if (const auto* answer = std::get_if<ArbiterAnswer>(&letter)) {
        listener_.answered(*answer);
      } else if (const auto* changed = std::get_if<RecordChanged>(&letter)) {
        listener_.changed(*changed);
      } else {
        const auto& told = std::get<Told>(letter);
        listener_.trouble(told ? &*told : nullptr);
      }
    }
    arm();
  }

  void arm() {
    using std::chrono::milliseconds;
    const auto now = clock_.steady();
    auto due = curl_due_;
    if (const auto of_watch = watch_.due()) {
      due = due ? std::min(*due, *of_watch) : *of_watch;
    }
    if (!outbox_.empty() || connection_.has_answers()) {
      due = now;
    }
    loop_.wake_in(due ? std::optional(std::chrono::ceil<milliseconds>(std::max(*due, now) - now))
                      : std::nullopt);
  }

  void on_read(const ReadRecord& read, Answered answered) {
    auto parsed = connection_.of_same_cluster(
        answered.content ? read_answer(site_, read.gateway, *answered.content)
                         : Result<ReadAnswer>(std::move(answered.content.error())));
    leave_nonsense(answered, parsed.has_value());
    if (answered.waiting) {
      give(read.gateway, read.request, ArbiterOutcome::Refused, {});
    } else if (parsed) {
      conclude(read.gateway, read.request, ArbiterOutcome::Done, std::move(parsed->current));
    } else if (!answered.content && answered.executed_perhaps) {
      fail(read.gateway, read.request, ArbiterOutcome::Unknown, std::move(parsed.error()));
    } else {
      refuse(read.gateway, read.request, std::move(parsed.error()));
    }
  }

  void on_written(const WriteRecord& write, Answered answered) {
    auto parsed = connection_.of_same_cluster(
        answered.content ? write_answer(site_, write, *answered.content)
                         : Result<WriteAnswer>(std::move(answered.content.error())));
    leave_nonsense(answered, parsed.has_value());
    if (answered.waiting) {
      give(write.gateway, write.request, ArbiterOutcome::Refused, {});
    } else if (parsed && parsed->current) {
      conclude(write.gateway, write.request,
               parsed->written ? ArbiterOutcome::Done : ArbiterOutcome::Conflict,
               std::move(*parsed->current));
    } else if (parsed) {
      refuse(write.gateway, write.request, std::move(parsed->current.error()));
    } else if (answered.executed_perhaps) {
      fail(write.gateway, write.request, ArbiterOutcome::Unknown, std::move(parsed.error()));
    } else {
      refuse(write.gateway, write.request, std::move(parsed.error()));
    }
  }

  void leave_nonsense(const Answered& answered, bool understood) {
    if (answered.content && !understood) {
      connection_.next_endpoint();
    }
  }

  void conclude(const std::string& gateway, std::uint64_t request, ArbiterOutcome outcome,
                VersionedRecord current) {
    tell(request_troubles_, std::nullopt);
    watch_.learnt(gateway, current.version, clock_.steady());
    give(gateway, request, outcome, std::move(current));
  }

  void give(const std::string& gateway, std::uint64_t request, ArbiterOutcome outcome,
            VersionedRecord current) {
    outbox_.emplace_back(ArbiterAnswer{
        .gateway = gateway, .request = request, .outcome = outcome, .current = std::move(current)});
  }

  void fail(const std::string& gateway, std::uint64_t request, ArbiterOutcome outcome,
            Error error) {
    tell(request_troubles_, std::move(error));
    give(gateway, request, outcome, {});
  }

  void refuse(const std::string& gateway, std::uint64_t request, Error error) {
    fail(gateway, request, ArbiterOutcome::Refused, std::move(error));
  }

  // Each once until all is well again, and that once: endpoints that are down take turns.
  void tell(Troubles& told, std::optional<Error> error) {
    if (error) {
      if (told.size() < kMostTroubles && told.insert(error->to_text()).second) {
        outbox_.emplace_back(std::move(error));
      }
      return;
    }
    if (told.empty()) {
      return;
    }
    told.clear();
    if (request_troubles_.empty() && watch_troubles_.empty()) {
      outbox_.emplace_back(Told());
    }
  }

  fetch::EventLoop& loop_;
  const Clock& clock_;
  Listener listener_;
  Site site_;
  Duration patience_;
  std::vector<Letter> outbox_;
  std::optional<SteadyTime> curl_due_;
  Troubles request_troubles_;
  Troubles watch_troubles_;
  Connection connection_;
  Watch watch_;
};

}  // namespace

Result<std::unique_ptr<Arbiter>> Arbiter::open(Config config, fetch::EventLoop& loop,
                                               const Clock& clock, Listener listener) {
  CW_TRY(check(config.site));
  if (config.endpoints.empty() || config.endpoints.size() > kMostEndpoints) {
    return Error::invalid(fmt::format("{} endpoints of etcd, where 1 to {} are possible",
                                      config.endpoints.size(), kMostEndpoints));
  }
  if (config.tls.certificate_file.empty() != config.tls.key_file.empty()) {
    return Error::invalid("a certificate for etcd needs its key, and a key its certificate");
  }
  if (config.patience <= Duration::zero()) {
    return Error::invalid("no patience with etcd");
  }
  Connection::Config made{.endpoints = {},
                          .tls = std::move(config.tls),
                          .user = std::move(config.user),
                          .password = std::move(config.password),
                          .patience = config.patience};
  for (const auto& endpoint : config.endpoints) {
    made.endpoints.push_back(CW_TRY_IN(endpoint_of(endpoint), "reading etcd's endpoints"));
  }
  auto arbiter = std::make_unique<EtcdArbiter>(std::move(made), std::move(config.site), loop, clock,
                                               std::move(listener));
  CW_TRY(arbiter->start());
  return std::unique_ptr<Arbiter>(std::move(arbiter));
}

}  // namespace cw::ha::etcd
