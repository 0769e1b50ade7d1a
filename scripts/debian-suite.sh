# shellcheck shell=bash
# Packages of other Debian suites, unpacked below build/cache and never installed. To be sourced,
# with the project's folder as working folder.

SUITE_CACHE=$PWD/build/cache/apt

# The address of the Debian archive that this machine's own apt uses.
debian_mirror() {
    local mirror
    # shellcheck disable=SC2016  # the variables are apt's
    mirror=$(apt-get indextargets --format '$(ORIGIN)/$(LABEL) $(REPO_URI)' 2>/dev/null |
        awk '$1 == "Debian/Debian" { print $2; exit }')
    if [[ -z $mirror ]]; then
        echo "apt knows no Debian archive (has apt-get update run?)" >&2
        return 1
    fi
    echo "$mirror"
}

# Writes the configuration of an apt that knows suite $1 alone, and no package that is installed,
# except those no unpacked program needs: they would bring half of a system with them.
make_suite() {
    local suite=$1 folder=$SUITE_CACHE/$1 mirror each suites=("$1")
    mirror=$(debian_mirror) || return 1
    if [[ $suite == experimental ]]; then
        suites+=(sid)  # it has only what differs from sid
    fi
    mkdir -p "$folder"/{lists,archives}/partial
    for each in "${suites[@]}"; do
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $each main"
    done >"$folder/sources.list"
    for each in adduser debconf lsb-base systemd-standalone-sysusers; do
        printf 'Package: %s\nStatus: install ok installed\nVersion: 9999\nArchitecture: all\n' "$each"
        printf 'Maintainer: none\nDescription: not needed\n\n'
    done >"$folder/status"
    # Expired lists are taken: some mirrors are frozen on purpose. Their signature is checked.
    cat >"$folder/apt.conf" <<END
Dir::State "$folder";
Dir::State::lists "$folder/lists";
Dir::State::status "$folder/status";
Dir::Cache "$folder";
Dir::Cache::archives "$folder/archives";
Dir::Etc::sourcelist "$folder/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Check-Valid-Until "false";
Acquire::GzipIndexes "true";
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::Retries "1";
Acquire::http::Timeout "10";
Acquire::https::Timeout "10";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
END
}

# Brings packages of suite $1 into its folder `archives`, empty before, by what the other arguments
# tell apt-get.
download_from_suite() {
    local suite=$1 folder=$SUITE_CACHE/$1
    shift
    make_suite "$suite" || return 1
    local apt=(apt-get -c "$folder/apt.conf" -qq --no-install-recommends)
    timeout 120 "${apt[@]}" -o APT::Update::Error-Mode=any update >&2 || return 1
    rm -f "$folder"/archives/*.deb
    (cd "$folder/archives" && timeout 180 "${apt[@]}" "$@" >&2)
}

# Unpacks what was downloaded from suite $1 into the folder $2, which must not exist.
unpack_downloaded() {
    local package
    mkdir "$2"
    for package in "$SUITE_CACHE/$1"/archives/*.deb; do
        dpkg-deb -x "$package" "$2" || return 1
        rm "$package"
    done
}

# Unpacks packages of suite $1, with all that they depend on, into the folder $2, which must not
# exist. The packages are the other arguments. Ends with an error after five minutes at the latest.
unpack_from_suite() {
    local suite=$1 target=$2
    shift 2
    download_from_suite "$suite" --download-only --yes -t "$suite" install "$@" || return 1
    unpack_downloaded "$suite" "$target"
}

# The same without what they depend on.
unpack_alone_from_suite() {
    local suite=$1 target=$2
    shift 2
    download_from_suite "$suite" download "$@" || return 1
    unpack_downloaded "$suite" "$target"
}
