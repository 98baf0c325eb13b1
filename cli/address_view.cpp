// SPDX-License-Identifier: Apache-2.0
#include "cli/address_view.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/json_text.h"
#include "network/diagnostic.h"

namespace cw::cli {

namespace {

using network::Netmap;
using network::Site;

// What was asked about, taken apart: an address, and at which site it is where that is known.
struct Place {
  net::Ip address;
  std::optional<std::string> site;
};

auto trouble(std::string message, std::string hint) {
  return tl::make_unexpected(Trouble{.message = std::move(message), .hint = std::move(hint)});
}

template <class T, class Text>
std::string listed(const std::vector<T>& all, Text text) {
  std::vector<std::string> texts;
  for (const auto& each : all) {
    texts.push_back(text(each));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

bool has_route(const Site& site, const net::Ip& address) {
  return std::ranges::any_of(site.routes, [&](const auto& each) { return each.contains(address); });
}

std::string no_site_hint(const Netmap& netmap, const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& site : netmap.sites) {
    names.push_back(site.name);
  }
  const auto meant = network::nearest(name, names);
  return meant ? fmt::format("did you mean `{}`?", *meant)
               : fmt::format("the sites are {}", fmt::join(names, ", "));
}

std::string routes_hint(const Site& site) {
  return site.routes.empty()
             ? fmt::format("site {} has no routes", site.name)
             : fmt::format("its routes are {}",
                           listed(site.routes, [](const auto& each) { return each.to_text(); }));
}

Asked<Place> host_place(const policy::Host& host) {
  if (!host.prefix.is_host()) {
    return trouble(fmt::format("host `{}` is a prefix, {}", host.name, host.prefix.to_text()),
                   "ask for one of its addresses");
  }
  return Place{.address = host.prefix.address(), .site = host.site};
}

Asked<Place> written_place(const Netmap& netmap, const std::string& text) {
  if (netmap.policy) {
    const auto host = std::ranges::find(netmap.policy->hosts, text, &policy::Host::name);
    if (host != netmap.policy->hosts.end()) {
      return host_place(*host);
    }
  }
  if (text.find('/') != std::string::npos) {
    return trouble(fmt::format("`{}` is a prefix", text), "ask for one of its addresses");
  }
  const auto address = net::Ip::parse(text);
  if (!address) {
    return trouble(fmt::format("there is no host `{}` in policy.toml, and it is no address", text),
                   "name a host of [hosts], or an address in any of its forms");
  }
  return Place{.address = *address, .site = {}};
}

// A 4via6 address or an alias is turned into what it stands for.
Asked<Place> real_place(const Netmap& netmap, const Place& place) {
  if (place.address.is_v4()) {
    const auto written = net::Prefix::host(place.address);
    for (const auto& site : netmap.sites) {
      for (const auto& alias : site.aliases) {
        if (const auto real = net::from_alias(alias, written)) {
          return Place{.address = real->address(), .site = site.name};
        }
      }
    }
    return place;
  }
  const auto text = place.address.to_text();
  if (!netmap.via_prefix.contains(place.address)) {
    return trouble(fmt::format("{} is an IPv6 address, which peers reach as it is", text),
                   "only IPv4 addresses have a 4via6 form; those of this network begin with " +
                       netmap.via_prefix.to_text());
  }
  const auto via = net::from_via6(netmap.via_prefix, place.address);
  const auto site =
      via ? std::ranges::find(netmap.sites, via->site, &Site::id) : netmap.sites.end();
  if (!via || site == netmap.sites.end()) {
    return trouble(
        via ? fmt::format("{} is of the site with id {}, which there is not", text, via->site.value)
            : fmt::format("{} is in the via prefix and names no site", text),
        fmt::format("the sites are {}", listed(netmap.sites, [&](const Site& each) {
                      return fmt::format("{} ({})", each.name,
                                         net::site_via(netmap.via_prefix, each.id).to_text());
                    })));
  }
  return Place{.address = via->ipv4, .site = site->name};
}

std::vector<std::string> hosts_at(const Netmap& netmap, const std::string& site,
                                  const net::Ip& address) {
  std::vector<std::string> names;
  if (!netmap.policy) {
    return names;
  }
  for (const auto& host : netmap.policy->hosts) {
    const auto place =
        host.prefix.is_host() ? real_place(netmap, *host_place(host)) : Asked<Place>();
    if (host.prefix.is_host() && place && place->address == address &&
        place->site.value_or(site) == site) {
      names.push_back(host.name);
    }
  }
  return names;
}

AddressForms forms_at(const Netmap& netmap, const Site& site, const net::Ip& address) {
  AddressForms forms{.site = site.name,
                     .address = address,
                     .via6 = net::to_via6(netmap.via_prefix, site.id, address),
                     .alias = {},
                     .hosts = {}};
  for (const auto& alias : site.aliases) {
    if (const auto written = net::to_alias(alias, net::Prefix::host(address))) {
      forms.alias = written->address();
    }
  }
  return forms;
}

Asked<AddressForms> find_at(const Netmap& netmap, const Site& site, const net::Ip& address) {
  if (!has_route(site, address)) {
    return trouble(fmt::format("{} is in no route of site `{}`", address.to_text(), site.name),
                   routes_hint(site));
  }
  return forms_at(netmap, site, address);
}

Asked<AddressForms> find_anywhere(const Netmap& netmap, const net::Ip& address) {
  std::vector<const Site*> having;
  for (const auto& site : netmap.sites) {
    if (has_route(site, address)) {
      having.push_back(&site);
    }
  }
  if (having.size() == 1) {
    return forms_at(netmap, *having.front(), address);
  }
  if (having.empty()) {
    return netmap.pool.contains(address)
               ? trouble(fmt::format("{} is an overlay address, which peers reach as it is",
                                     address.to_text()),
                         "only what is at a site has a 4via6 form")
               : trouble(fmt::format("no site has a route to {}", address.to_text()),
                         "what is reached through a site stands in `routes` of its file");
  }
  return trouble(fmt::format("{} is at {} sites", address.to_text(), having.size()),
                 fmt::format("say which: {}", listed(having, [&](const Site* site) {
                               return fmt::format(
                                   "--site {} ({})", site->name,
                                   net::to_via6(netmap.via_prefix, site->id, address).to_text());
                             })));
}

// `site`: one of the network's. All but the hosts.
Asked<AddressForms> find_written(const Netmap& netmap, const std::string& text,
                                 const Place& written, const std::optional<std::string>& site) {
  const auto real = real_place(netmap, written);
  if (!real) {
    return tl::make_unexpected(real.error());
  }
  for (const auto* said : {&written.site, &real->site}) {
    if (site && *said && **said != *site) {
      return trouble(fmt::format("{} is at site `{}`, not at `{}`", text, **said, *site),
                     "leave --site out, or ask for the address itself");
    }
  }
  const auto& where = real->site ? real->site : site;
  return where
             ? find_at(netmap, *std::ranges::find(netmap.sites, *where, &Site::name), real->address)
             : find_anywhere(netmap, real->address);
}

}  // namespace

Asked<AddressForms> find_address(const Netmap& netmap, const std::string& text,
                                 const std::optional<std::string>& site) {
  if (site && std::ranges::find(netmap.sites, *site, &Site::name) == netmap.sites.end()) {
    return trouble(fmt::format("there is no site `{}`", *site), no_site_hint(netmap, *site));
  }
  const auto written = written_place(netmap, text);
  auto forms = written ? find_written(netmap, text, *written, site)
                       : Asked<AddressForms>(tl::make_unexpected(written.error()));
  if (forms) {
    forms->hosts = hosts_at(netmap, forms->site, forms->address);
  }
  return forms;
}

std::string forms_text(const AddressForms& forms) {
  std::string text;
  const auto add = [&](std::string_view what, const std::string& value) {
    text += value.empty() ? "" : fmt::format("{:<8} {}\n", what, value);
  };
  add("site", forms.site);
  add("address", forms.address.to_text());
  add("4via6", forms.via6.to_text());
  add("alias", forms.alias ? forms.alias->to_text() : "");
  add("host", fmt::format("{}", fmt::join(forms.hosts, ", ")));
  return text;
}

std::string forms_json(const AddressForms& forms) {
  nlohmann::json json = {{"site", forms.site},
                         {"address", forms.address.to_text()},
                         {"via6", forms.via6.to_text()},
                         {"hosts", forms.hosts}};
  if (forms.alias) {
    json["alias"] = forms.alias->to_text();
  }
  return json_text(json);
}

namespace {

HostAddress host_address(const Netmap& netmap, const policy::Host& host) {
  HostAddress made{.name = host.name, .forms = {}, .ipv6 = {}, .left_out = {}};
  const auto& address = host.prefix.address();
  if (host.prefix.is_host() && !address.is_v4() && !netmap.via_prefix.contains(address)) {
    made.ipv6 = address;
    return made;
  }
  const auto place = host_place(host);
  auto forms = place ? find_written(netmap, host.name, *place, host.site)
                     : Asked<AddressForms>(tl::make_unexpected(place.error()));
  if (forms) {
    made.forms = std::move(*forms);
  } else {
    made.left_out = forms.error().message;
  }
  return made;
}

// As it stands in hosts(5), or why it does not.
struct HostLine {
  std::string address;
  std::string left_out;
};

HostLine host_line(const HostAddress& host, HostForm form) {
  if (!host.forms) {
    return {.address = host.ipv6 ? host.ipv6->to_text() : "", .left_out = host.left_out};
  }
  if (form == HostForm::Via6) {
    return {.address = host.forms->via6.to_text(), .left_out = {}};
  }
  if (!host.forms->alias) {
    return {.address = {},
            .left_out = fmt::format("the route of host `{}`, {} at site `{}`, has no alias",
                                    host.name, host.forms->address.to_text(), host.forms->site)};
  }
  return {.address = host.forms->alias->to_text(), .left_out = {}};
}

}  // namespace

std::vector<HostAddress> host_addresses(const Netmap& netmap) {
  std::vector<HostAddress> all;
  if (netmap.policy) {
    for (const auto& host : netmap.policy->hosts) {
      all.push_back(host_address(netmap, host));
    }
  }
  return all;
}

std::string hosts_text(const std::vector<HostAddress>& hosts, HostForm form) {
  std::size_t widest = 0;
  for (const auto& host : hosts) {
    widest = std::max(widest, host_line(host, form).address.size());
  }
  std::string text;
  for (const auto& host : hosts) {
    const auto line = host_line(host, form);
    text += line.left_out.empty() ? fmt::format("{:<{}}  {}\n", line.address, widest, host.name)
                                  : fmt::format("# left out: {}\n", line.left_out);
  }
  return text.empty() ? "# no hosts: policy.toml has none in [hosts]\n" : text;
}

std::string hosts_json(const std::vector<HostAddress>& hosts) {
  auto list = nlohmann::json::array();
  for (const auto& host : hosts) {
    nlohmann::json one = {{"name", host.name}};
    if (host.forms) {
      one["site"] = host.forms->site;
      one["address"] = host.forms->address.to_text();
      one["via6"] = host.forms->via6.to_text();
      if (host.forms->alias) {
        one["alias"] = host.forms->alias->to_text();
      }
    } else if (host.ipv6) {
      one["address"] = host.ipv6->to_text();
    } else {
      one["left_out"] = host.left_out;
    }
    list.push_back(std::move(one));
  }
  return json_text(list);
}

}  // namespace cw::cli
