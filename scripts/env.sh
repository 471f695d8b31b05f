# Shared by the scripts: where builds go, and how missing tools are installed. Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export root

# One target folder for all clones, outside of them, unless one is set.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/sop/target}

# A faster linker, when there is one; set here and not in a configuration file, so that machines
# without it build as well.
if command -v mold >/dev/null && [ -z "${RUSTFLAGS:-}" ]; then
  export RUSTFLAGS="-C link-arg=-fuse-ld=mold"
fi

say() { printf '\n== %s\n' "$*"; }

# need COMMAND PACKAGE: installs a Debian package when the command is missing.
need() {
  command -v "$1" >/dev/null && return
  local sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  if ! command -v apt-get >/dev/null; then
    echo "$1 is missing and this is no Debian: install it (Debian's package is $2) and run this again" >&2
    exit 1
  fi
  say "installing $2"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$2" >/dev/null
}
