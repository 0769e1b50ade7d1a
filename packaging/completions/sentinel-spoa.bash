# Completion of sentinel-spoa for bash.

_sentinel_spoa_names() {
    local url=http://127.0.0.1:9005 i
    for ((i = 1; i < ${#COMP_WORDS[@]} - 1; ++i)); do
        [[ ${COMP_WORDS[i]} == --url ]] && url=${COMP_WORDS[i + 1]}
    done
    timeout 1 sentinel-spoa status --json --url "$url" 2>/dev/null |
        grep -o '"name": *"[A-Za-z0-9._/+@-]*"' | cut -d '"' -f 4    # others would be words for the shell
}

_sentinel_spoa() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command="" each
    COMPREPLY=()
    case $before in
        -f | --check) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
        -o) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
        --form) mapfile -t COMPREPLY < <(compgen -W "use-server backends set-dst lua lua-fallback" -- "$word"); return ;;
        --url) mapfile -t COMPREPLY < <(compgen -W "http://127.0.0.1:9005" -- "$word"); return ;;
    esac
    for each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $each in
            run | status | explain | haproxy-config | twemproxy) command=$each ;;
        esac
    done
    local words
    case $command in
        run) words="-f" ;;
        status) words="--url --json --watch" ;;
        explain) words="--url --json $(_sentinel_spoa_names)" ;;
        haproxy-config) words="-f --form -o" ;;
        twemproxy) words="--check" ;;
        *) words="run status explain haproxy-config twemproxy -f -c -V --version -h --help" ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -o filenames -F _sentinel_spoa sentinel-spoa
