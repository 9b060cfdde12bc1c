#!/bin/sh
# setup.sh [--bench]: what varve's tests and demo need from the system. Installs what is missing when it is root and there is
# apt, else says what to install and exits 1. --bench adds what only the benchmarks need.
set -eu

# program:package. A program that is there counts, however it came.
needs='runc:runc docker-registry:docker-registry skopeo:skopeo umoci:umoci podman:podman mmdebstrap:mmdebstrap newuidmap:uidmap
unshare:util-linux mkfs.ext4:e2fsprogs git:git tar:tar gzip:gzip bzip2:bzip2 xz:xz-utils zstd:zstd setfattr:attr ssh-agent:openssh-client sshd:openssh-server setcap:libcap2-bin tmux:tmux fish:fish groff:groff-base chromium:chromium cc:gcc qemu-aarch64-static:qemu-user-static'
# Packages that no program's name tells.
packages='ca-certificates busybox-static libc6-dev'

case ${1-} in
  '') ;;
  --bench) needs="$needs buildah:buildah time:time" ;;
  *) echo "usage: setup.sh [--bench]" >&2; exit 2 ;;
esac

# sh finds a builtin of some names (time) before the program, so the directories are searched by hand.
has_program() {
  for dir in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
    [ -x "$dir/$1" ] && return 0
  done
  return 1
}

installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing_packages() {
  for need in $needs; do
    has_program "${need%%:*}" || printf '%s ' "${need#*:}"
  done
  if command -v dpkg-query >/dev/null; then
    for package in $packages; do
      installed "$package" || printf '%s ' "$package"
    done
  else
    has_program busybox || printf 'busybox-static '
  fi
}

missing=$(missing_packages)
missing=${missing% }
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  {
    echo "varve's tests and demo need these Debian packages, which are not installed: $missing"
    if command -v apt-get >/dev/null; then
      echo "Install them as root, then run this again:"
      echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing"
    else
      echo "There is no apt-get here: install the same programs with this system's package manager, then run this again."
    fi
  } >&2
  exit 1
fi

# A package may bring a service (docker-registry listens on port 5000). Debian asks this file whether it may be started now.
policy=/usr/sbin/policy-rc.d
log=$(mktemp)
made_policy=
cleanup() {
  [ -z "$made_policy" ] || rm -f "$policy"
  rm -f "$log"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
if [ ! -e "$policy" ]; then
  made_policy=yes
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

echo "setup: installing $missing" >&2
export DEBIAN_FRONTEND=noninteractive
apt() {
  apt-get -q -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 "$@" </dev/null >>"$log" 2>&1
}
# Stale or unreachable lists of some source don't matter when the packages can be had from another one.
apt update || echo "setup: apt-get update had errors" >&2
# shellcheck disable=SC2086 # one word a package
if ! apt install -y --no-install-recommends $missing; then
  tail -n 30 "$log" >&2
  echo "setup: apt-get could not install: $missing" >&2
  exit 1
fi

# Nor may the service start with the machine: nobody asked for it. One that was there before was not in "missing".
for service in docker-registry.service:docker-registry ssh.service:openssh-server podman.socket:podman podman.service:podman \
  podman-restart.service:podman podman-auto-update.service:podman podman-auto-update.timer:podman; do
  case " $missing " in
    *" ${service#*:} "*)
      if command -v deb-systemd-helper >/dev/null; then
        deb-systemd-helper disable "${service%%:*}" >/dev/null 2>&1 || true
      fi
      ;;
  esac
done

missing=$(missing_packages)
if [ -n "$missing" ]; then
  echo "setup: still missing after the installation: $missing" >&2
  exit 1
fi
