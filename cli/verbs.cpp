// SPDX-License-Identifier: Apache-2.0
#include "cli/verbs.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/printable.h"
#include "network/load/directory_reader.h"
#include "network/netmap_json.h"

namespace cw::cli {

namespace {

void print(std::FILE* to, std::string_view text) {
  // Nobody is left to tell where the terminal has gone; a full disk shows at exit (main.cpp).
  (void)std::fwrite(text.data(), 1, text.size(), to);
}

network::Colour for_diagnostics(Colour colour) {
  return colour == Colour::On ? network::Colour::On : network::Colour::Off;
}

int complain(const Trouble& trouble, const Terminal& terminal) {
  auto text = fmt::format("{} {}\n", painted("error:", Paint::Red, terminal.err),
                          printable_lines(trouble.message));
  if (!trouble.hint.empty()) {
    text += fmt::format("hint: {}\n", printable_lines(trouble.hint));
  }
  print(stderr, text);
  return trouble.exit_status;
}

// Prints what is wrong with a directory; the netmap if nothing is.
std::optional<network::Netmap> compiled(const std::string& directory, const Terminal& terminal) {
  const SystemClock clock;
  network::DirectoryReader reader(directory, clock);
  if (const auto read = reader.refresh(); !read) {
    complain({.message = read.error().to_text(), .hint = "name the folder that holds network.toml"},
             terminal);
    return std::nullopt;
  }
  auto compiled = reader.compile();
  print(stderr, network::render(compiled.diagnostics, for_diagnostics(terminal.err)));
  return std::move(compiled.netmap);
}

// Of reload and down: what was done goes to stdout, what was not to stderr.
int finish(const Asked<api::Answer>& answer, const Terminal& terminal) {
  if (!answer) {
    return complain(answer.error(), terminal);
  }
  if (!answer->done) {
    print(stderr, view(*answer, terminal.err));
    return complain({.message = answer->text, .hint = {}}, terminal);
  }
  print(stdout, view(*answer, terminal.out));
  print(stdout, answer->text + "\n");
  return kDone;
}

}  // namespace

Terminal terminal() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool wanted = (no_color == nullptr || *no_color == '\0') && term != nullptr &&
                      std::string_view(term) != "dumb";
  const auto colour = [&](int fd) {
    return wanted && ::isatty(fd) == 1 ? Colour::On : Colour::Off;
  };
  return {.out = colour(STDOUT_FILENO), .err = colour(STDERR_FILENO)};
}

int check(const std::string& directory, const Terminal& terminal) {
  const auto netmap = compiled(directory, terminal);
  if (!netmap) {
    return kFailed;
  }
  std::size_t gateways = 0;
  for (const auto& site : netmap->sites) {
    gateways += site.gateways.size();
  }
  print(stdout,
        fmt::format("network {}: {}, {}, {}\n", netmap->name, plural(netmap->sites.size(), "site"),
                    plural(gateways, "gateway"), plural(netmap->peers.size(), "peer")));
  return kDone;
}

int plan(const AgentClient& agent, const std::optional<std::string>& directory,
         const Terminal& terminal) {
  std::optional<network::Netmap> candidate;
  if (directory) {
    candidate = compiled(*directory, terminal);
    if (!candidate) {
      return kFailed;
    }
  }
  const auto answer = candidate ? agent.plan(network::to_json(*candidate)) : agent.plan();
  if (!answer || !answer->done) {
    return finish(answer, terminal);
  }
  print(stdout, view(*answer, terminal.out));
  print(stdout, answer->text + "\n");
  return answer->steps.empty() ? kDone : kChangesPending;
}

int status(const AgentClient& agent, Form form, Peers peers, const Terminal& terminal) {
  if (form == Form::Json) {
    const auto text = agent.status_json();
    if (!text) {
      return complain(text.error(), terminal);
    }
    print(stdout, *text);
    return kDone;
  }
  const auto status = agent.status();
  if (!status) {
    return complain(status.error(), terminal);
  }
  print(stdout, view(*status, peers, terminal.out));
  return kDone;
}

int reload(const AgentClient& agent, const Terminal& terminal) {
  return finish(agent.reload(), terminal);
}

int down(const AgentClient& agent, const Terminal& terminal) {
  return finish(agent.down(), terminal);
}

}  // namespace cw::cli
