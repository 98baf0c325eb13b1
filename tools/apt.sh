# SPDX-License-Identifier: Apache-2.0
# Sourced after say.sh. Debian packages of any release, fetched by an apt configuration of our own: the machine's own
# lists, cache and package state are neither used nor changed. Only the mirror (and proxy) is taken from the machine.

# own_apt RELEASE: makes the configuration and fetches its lists once a day; sets $apt_conf and $apt_dir.
own_apt() {
  local release=$1 origin suite uri main='' security=''
  apt_dir=$CACHE/apt/$release apt_conf=$apt_dir/apt.conf
  # apt itself reads the machine's sources for us, in either of their two formats. Others too call their suites by
  # Debian's names; what a source calls itself is known once its lists are there, which setup has seen to.
  while read -r suite uri origin; do
    [ "$origin" = Debian ] || continue
    case $suite in
      *-security | */updates) security=${security:-$uri} ;;
      *-backports* | *-updates | *-proposed*) ;;
      bookworm | trixie | stable | oldstable | testing | sid) main=${main:-$uri} ;;
    esac
  done < <(apt-get indextargets --format '$(RELEASE) $(REPO_URI) $(ORIGIN)' 'Created-By: Packages' | sort -u)
  [ -n "$main" ] || die "no Debian mirror among this machine's apt sources" "run apt-get update; see 'apt-get indextargets'"
  [ -n "$security" ] || security=${main%/debian*}/debian-security/

  mkdir -p "$apt_dir"/{lists,archives}/partial
  touch "$apt_dir/status"
  cat >"$apt_dir/sources.list.new" <<-S
	deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $main $release main
	deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $main $release-updates main
	deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $security $release-security main
	S
  cat >"$apt_conf" <<-C
	Dir::Etc::sourcelist "$apt_dir/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferencesparts "/dev/null";
	Dir::State::lists "$apt_dir/lists";
	Dir::State::status "$apt_dir/status";
	Dir::Cache::archives "$apt_dir/archives";
	Dir::Cache::pkgcache "";
	Dir::Cache::srcpkgcache "";
	APT::Architecture "amd64";
	APT::Architectures { "amd64"; };
	APT::Sandbox::User "root";
	Acquire::Languages "none";
	C
  if ! cmp -s "$apt_dir/sources.list.new" "$apt_dir/sources.list" ||
    [ -z "$(find "$apt_dir/updated" -mtime -1 2>/dev/null)" ]; then
    mv "$apt_dir/sources.list.new" "$apt_dir/sources.list"
    slow "Package lists of Debian $release" apt-get -c "$apt_conf" -o APT::Update::Error-Mode=any update
    touch "$apt_dir/updated"
  fi
}
