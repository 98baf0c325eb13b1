// SPDX-License-Identifier: Apache-2.0
#include "cli/address_view.h"
#include "cli/verbs.h"

namespace cw::cli {

int via(const std::string& directory, const std::string& what,
        const std::optional<std::string>& site, Form form, const Terminal& terminal) {
  const auto read = read_network(directory, terminal);
  if (!read) {
    return kFailed;
  }
  const auto found = find_address(read->netmap, what, site);
  if (!found) {
    return complain(found.error(), terminal);
  }
  print(stdout, form == Form::Json ? forms_json(*found) : forms_text(*found));
  return kDone;
}

int hosts(const std::string& directory, HostForm how, Form form, const Terminal& terminal) {
  const auto read = read_network(directory, terminal);
  if (!read) {
    return kFailed;
  }
  const auto all = host_addresses(read->netmap);
  print(stdout, form == Form::Json ? hosts_json(all) : hosts_text(all, how));
  return kDone;
}

}  // namespace cw::cli
