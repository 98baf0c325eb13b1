# SPDX-License-Identifier: Apache-2.0
# bash completion for causeway(1)
_causeway() {
  local cur prev verb= word
  cur=${COMP_WORDS[COMP_CWORD]}
  prev=${COMP_WORDS[COMP_CWORD - 1]}
  local i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      --socket) ((i++)) ;;
      -*) ;;
      *)
        verb=$word
        break
        ;;
    esac
  done
  if [ "$prev" = --socket ]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
  fi
  case $verb in
    '') mapfile -t COMPREPLY < <(compgen -W "check network gateway peer plan policy via hosts netmap revoke status reload down ha version --socket --help --help-all --version" -- "$cur") ;;
    check | plan)
      if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--socket --help" -- "$cur")
      else
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      fi
      ;;
    policy)
      case $prev in
        policy) mapfile -t COMPREPLY < <(compgen -W "explain who diff --help" -- "$cur") ;;
        --network)
          compopt -o filenames
          mapfile -t COMPREPLY < <(compgen -d -- "$cur")
          ;;
        *) mapfile -t COMPREPLY < <(compgen -W "--from --to --network --json --help" -- "$cur") ;;
      esac
      ;;
    via | hosts)
      if [ "$prev" = --network ]; then
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      elif [ "$verb" = via ]; then
        mapfile -t COMPREPLY < <(compgen -W "--site --network --json --help" -- "$cur")
      else
        mapfile -t COMPREPLY < <(compgen -W "--alias --network --json --help" -- "$cur")
      fi
      ;;
    ha)
      case $prev in
        ha) mapfile -t COMPREPLY < <(compgen -W "status move drain serve --failover-socket --help" -- "$cur") ;;
        --failover-socket) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        *) mapfile -t COMPREPLY < <(compgen -W "--json --help" -- "$cur") ;;
      esac
      ;;
    netmap)
      if [ "$prev" = netmap ]; then
        mapfile -t COMPREPLY < <(compgen -W "keygen build sign verify diff publish confirm rollback --help" -- "$cur")
      elif [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--key --passphrase-file --trust --confirm --reissue --serial --json --help" -- "$cur")
      else
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      fi
      ;;
    revoke)
      if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--target --key --passphrase-file --trust --restore --help" -- "$cur")
      else
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      fi
      ;;
    network)
      case $prev in
        network) mapfile -t COMPREPLY < <(compgen -W "init --help" -- "$cur") ;;
        init | --keys)
          compopt -o filenames
          mapfile -t COMPREPLY < <(compgen -d -- "$cur")
          ;;
        --passphrase-file)
          compopt -o filenames
          mapfile -t COMPREPLY < <(compgen -f -- "$cur")
          ;;
        *) mapfile -t COMPREPLY < <(compgen -W "--name --site --routes --router --pool --ula --keys --no-keys --passphrase-file --no-passphrase --help" -- "$cur") ;;
      esac
      ;;
    gateway)
      case $prev in
        gateway) mapfile -t COMPREPLY < <(compgen -W "add rotate retire export import --help" -- "$cur") ;;
        --network)
          compopt -o filenames
          mapfile -t COMPREPLY < <(compgen -d -- "$cur")
          ;;
        import | --private-key | --output | --passphrase-file)
          compopt -o filenames
          mapfile -t COMPREPLY < <(compgen -f -- "$cur")
          ;;
        *) mapfile -t COMPREPLY < <(compgen -W "--network --site --endpoint --private-key --public-key --block --address --listen-port --routers --as --lock-out --output --passphrase-file --help" -- "$cur") ;;
      esac
      ;;
    peer)
      case $prev in
        peer) mapfile -t COMPREPLY < <(compgen -W "add list show stale config rotate disable enable remove --help" -- "$cur") ;;
        --for) mapfile -t COMPREPLY < <(compgen -W "phone mac windows linux" -- "$cur") ;;
        --network)
          compopt -o filenames
          mapfile -t COMPREPLY < <(compgen -d -- "$cur")
          ;;
        --png | --output)
          compopt -o filenames
          mapfile -t COMPREPLY < <(compgen -f -- "$cur")
          ;;
        *) mapfile -t COMPREPLY < <(compgen -W "--network --user --groups --gateway --sites --expires --public-key --for --dns --ipv4-only --mtu --qr --png --output --issue --json --help" -- "$cur") ;;
      esac
      ;;
    status) mapfile -t COMPREPLY < <(compgen -W "--json --all --socket --help" -- "$cur") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "--socket --help" -- "$cur") ;;
  esac
}
complete -F _causeway causeway
