# SPDX-License-Identifier: Apache-2.0
"""What Docker and ufw make of a host, in the form in which iptables-nft writes it: tables that all programs share."""

from __future__ import annotations

CONTAINER = "172.17.0.2"
LAN = "172.17.0.0/16"

# `docker run -p 8080:80`, and ufw with `allow 22/tcp`, `allow 51820/udp`, `route allow in on cw-prod`.
FILTER = f"""
table ip filter {{
  chain DOCKER {{
    iifname != "docker0" oifname "docker0" ip daddr {CONTAINER} tcp dport 80 counter accept
  }}
  chain DOCKER-ISOLATION-STAGE-2 {{
    oifname "docker0" counter drop
    counter return
  }}
  chain DOCKER-ISOLATION-STAGE-1 {{
    iifname "docker0" oifname != "docker0" counter jump DOCKER-ISOLATION-STAGE-2
    counter return
  }}
  chain DOCKER-USER {{ counter return; }}
  chain ufw-user-input {{
    tcp dport 22 counter accept
    udp dport 51820 counter accept
  }}
  chain ufw-user-forward {{ iifname "cw-prod" counter accept; }}
  chain ufw-before-input {{
    iifname "lo" counter accept
    ct state related,established counter accept
    ct state invalid counter drop
    icmp type echo-request counter accept
    counter jump ufw-user-input
  }}
  chain ufw-before-forward {{
    ct state related,established counter accept
    counter jump ufw-user-forward
  }}
  chain INPUT {{
    type filter hook input priority filter; policy drop;
    counter jump ufw-before-input
  }}
  chain FORWARD {{
    type filter hook forward priority filter; policy drop;
    counter jump DOCKER-USER
    counter jump DOCKER-ISOLATION-STAGE-1
    oifname "docker0" ct state related,established counter accept
    oifname "docker0" counter jump DOCKER
    iifname "docker0" oifname != "docker0" counter accept
    iifname "docker0" oifname "docker0" counter accept
    counter jump ufw-before-forward
  }}
  chain OUTPUT {{ type filter hook output priority filter; policy accept; }}
}}
"""

NAT = f"""
table ip nat {{
  chain DOCKER {{
    iifname "docker0" counter return
    iifname != "docker0" tcp dport 8080 counter dnat to {CONTAINER}:80
  }}
  chain PREROUTING {{
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local counter jump DOCKER
  }}
  chain OUTPUT {{
    type nat hook output priority -100; policy accept;
    ip daddr != 127.0.0.0/8 fib daddr type local counter jump DOCKER
  }}
  chain POSTROUTING {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {LAN} oifname != "docker0" counter masquerade
  }}
}}
"""

FILTER_6 = """
table ip6 filter {
  chain ufw6-before-input {
    iifname "lo" counter accept
    ct state related,established counter accept
    meta l4proto ipv6-icmp counter accept
  }
  chain INPUT {
    type filter hook input priority filter; policy drop;
    counter jump ufw6-before-input
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    ct state related,established counter accept
    iifname "cw-prod" counter accept
  }
}
"""

TABLES = {"ip filter": FILTER, "ip nat": NAT, "ip6 filter": FILTER_6}
