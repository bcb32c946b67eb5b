# Sourced by ./demo and ./test: installs Debian packages that are missing, and nothing else.
#
#   require_packages PACKAGE...   0: all are installed now; 1: some are missing, names in $missing

package_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

require_packages() {
    missing=
    local package sudo=
    if ! command -v dpkg-query >/dev/null; then
        echo "This is not a Debian system: the tools are taken as they are found in PATH."
        return 0
    fi
    for package in "$@"; do
        package_installed "$package" || missing="$missing $package"
    done
    [ -z "$missing" ] && return 0
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || { echo "Not root and no sudo. Missing:$missing"; return 1; }
        sudo=sudo
    fi
    echo "Installing with apt-get:$missing"
    # shellcheck disable=SC2086
    if ! $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1; then
        $sudo apt-get update -qq
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    fi
    local rest=
    for package in $missing; do
        package_installed "$package" || rest="$rest $package"
    done
    missing=$rest
    [ -z "$missing" ]
}
