// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/agent_client.h"
#include "cli/qr_code.h"
#include "cli/terminal.h"
#include "network/client_config.h"

// Hands a client configuration to a person, once: as text on stdout or in a new file, as a QR code
// in the terminal or in a PNG. What cannot work is refused before anything is written anywhere.
// It is delivered before the network takes the new key: one that nobody has would lock the device
// out, and one that the network does not have is only of no use.
namespace cw::cli {

struct OutputOptions {
  bool qr = false;
  std::optional<std::string> png = {};   // a new file
  std::optional<std::string> file = {};  // a new file with the text
};

class ClientOutput {
 public:
  // Checks sizes, the terminal, that the files are not there yet, and that none with a private key
  // would be in a network directory.
  static Asked<ClientOutput> prepare(const network::ClientConfig& config,
                                     const network::ClientOptions& options,
                                     const net::PrivateKey* key, OutputOptions output,
                                     const Terminal& terminal);

  // All of it or an error, after which none of the files is there.
  [[nodiscard]] Asked<void> deliver(const Terminal& terminal) const;

  // Removes the files that deliver() made.
  void withdraw() const;

 private:
  ClientOutput(net::Secret text, OutputOptions output)
      : text_(std::move(text)), output_(std::move(output)) {}

  [[nodiscard]] Result<> write_files() const;

  net::Secret text_;
  OutputOptions output_;
  std::optional<QrCode> code_;
};

// What a person should know about this configuration, a line each.
[[nodiscard]] std::vector<std::string> notes(const network::ClientConfig& config,
                                             const network::ClientOptions& options,
                                             const OutputOptions& output);

}  // namespace cw::cli
