# SPDX-License-Identifier: Apache-2.0
# fish completion for causeway(1)
set -l verbs check plan policy status reload down version
complete -c causeway -f
complete -c causeway -l socket -r -F -d 'the control socket of the agent'
complete -c causeway -l help -d 'print help'
complete -c causeway -n "not __fish_seen_subcommand_from $verbs" -l help-all -d 'print help for every verb'
complete -c causeway -n "not __fish_seen_subcommand_from $verbs" -l version -d 'print the version'
complete -c causeway -n "not __fish_seen_subcommand_from $verbs" -a check -d 'find the mistakes in a network directory'
complete -c causeway -n "not __fish_seen_subcommand_from $verbs" -a plan -d 'what the agent would change in the kernel'
complete -c causeway -n "not __fish_seen_subcommand_from $verbs" -a policy -d 'who may reach what, and why'
complete -c causeway -n "not __fish_seen_subcommand_from $verbs" -a status -d 'what the agent does, and what is wrong'
complete -c causeway -n "not __fish_seen_subcommand_from $verbs" -a reload -d 'read the network directory now and take it'
complete -c causeway -n "not __fish_seen_subcommand_from $verbs" -a down -d 'remove what is ours from the kernel'
complete -c causeway -n "not __fish_seen_subcommand_from $verbs" -a version -d 'print the version'
complete -c causeway -n "__fish_seen_subcommand_from check plan" -a '(__fish_complete_directories)'
complete -c causeway -n "__fish_seen_subcommand_from status" -l json -d 'for programs'
complete -c causeway -n "__fish_seen_subcommand_from status" -l all -d 'also peers that have not connected'
complete -c causeway -n "__fish_seen_subcommand_from policy" -a 'explain who diff'
complete -c causeway -n "__fish_seen_subcommand_from policy" -l from -r -d 'a peer, a user, a group, or site:NAME'
complete -c causeway -n "__fish_seen_subcommand_from policy" -l to -r -d 'what is to be reached'
complete -c causeway -n "__fish_seen_subcommand_from policy" -l network -r -a '(__fish_complete_directories)' -d 'the network directory'
complete -c causeway -n "__fish_seen_subcommand_from policy" -l json -d 'for programs'
