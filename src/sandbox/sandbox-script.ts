import { DEFAULT_HOSTNAME } from './sandbox.ts';

/**
 * The shell half of both rungs: everything that has to happen inside the new namespaces. POSIX sh, so that dash, bash
 * and busybox ash run it. Data never becomes program text: it comes through files in the scratch directory (the working
 * directory at the start), the environment and "$@". What the scripts print goes to `sandbox.log`; the file `started`
 * says that setting up is over and what follows is the command's own doing.
 */

const PRELUDE = `
set -u
umask 022
S=$VARVE_SCRATCH
die() { printf '%s\\n' "$*" >&2; exit 125; }
`;

/** pid 1 of the outer namespace. Its credentials never change, so its parent-death signal holds (see docs/isolation.md). */
const SAVE_STDERR = `
exec 3>&2 2>sandbox.log
`;

/**
 * One line of \`mounts\` for each mount: kind, options, what may be created, target with all but plain characters in
 * octal. Targets are resolved here, component by component and under the rootfs: the kernel would follow an absolute link
 * to the host's tree.
 */
const RESOLVE = `
resolve() {
  at= rest=$1 links=0
  while [ -n "$rest" ]; do
    name=\${rest%%/*}
    case $rest in */*) rest=\${rest#*/} ;; *) rest= ;; esac
    case $name in
      ''|.) continue ;;
      ..) at=\${at%/*}; continue ;;
    esac
    if [ -L "rootfs$at/$name" ]; then
      links=$((links + 1))
      [ $links -le 40 ] || die "too many symbolic links in the mount target $1"
      link=$(readlink -n "rootfs$at/$name"; printf .)
      link=\${link%.}
      case $link in /*) at= ;; esac
      rest=$link/$rest
    else
      at=$at/$name
    fi
  done
}
`;

/**
 * Overlay or plain directory on `rootfs`, a private /dev. One `mount -a` on a prepared fstab replaces a dozen processes. `volatile` (no
 * sync of the upper directory: it is read from the page cache right after) needs kernel 5.10, hence the second try.
 * Plain binds go with the system's own mounts, unless one of their targets is not what it seemed: then each has its turn.
 */
const MOUNT_ROOTFS = `
${RESOLVE}
mount -n -a -T fstab.root || mount -n -a -T fstab.root-sync || die 'the root filesystem cannot be mounted'
for d in proc sys dev; do
  [ -d "rootfs/$d" ] && [ ! -L "rootfs/$d" ] || die "/$d is not a directory in the rootfs"
done
cp -a skeleton/. devices/ || die 'the device directory cannot be filled'
system=fstab.all
while read -r kind options create target; do
  [ $kind = plain-bind ] || continue
  resolve "$target"
  [ "$at" = "$target" ] && [ -e "rootfs$at" ] || system=fstab.system
done < mounts
bound=
if mount -n -a -T $system; then [ $system = fstab.system ] || bound=yes; fi
for d in null zero full random urandom tty; do
  [ -c "rootfs/dev/$d" ] || die "/dev/$d cannot be bound"
done
[ -e rootfs/dev/pts/ptmx ] || die '/dev/pts cannot be mounted'
if [ ! -d rootfs/sys/kernel ]; then
  mount -n -o rbind /sys rootfs/sys && mount -n -o remount,bind,ro,nosuid,nodev,noexec rootfs/sys || die '/sys cannot be mounted'
fi
`;

const MOUNT_PROC = `
if [ ! -e rootfs/proc/self/status ]; then
  mount -n -o rbind /proc rootfs/proc || die '/proc cannot be mounted'
fi
[ ! -s fstab.masks ] || mount -n -a -T fstab.masks || die 'parts of /proc and /sys cannot be masked'
`;

/** What is mounted one by one. The check of $PWD catches a directory that another RUN swaps meanwhile (shared cache mounts). */
const MOUNT_SPEC = `
bind() {
  mount -n -c -o "bind$3" "$1" "$2" && return
  umount -n "$2" 2>/dev/null
  # In a user namespace flags of the source are locked, and a tree with mounts in it can only be bound whole.
  mount -n -c -o bind "$1" "$2" || mount -n -c -o rbind "$1" "$2" || return
  case $3 in
    *,ro*)
      for flags in nosuid nodev nosuid,nodev nosuid,nodev,noexec; do
        mount -n -c -o "remount,bind,ro,$flags" "$2" && return
      done
      return 1 ;;
  esac
}
number=0
while read -r kind options create target; do
  if [ $kind = plain-bind ] && [ -n "$bound" ]; then
    number=$((number + 1))
    continue
  fi
  kind=\${kind#plain-}
  case $target in
    *\\\\*) target=$(printf '%b.' "$target"); target=\${target%.} ;;
  esac
  resolve "$target"
  if [ ! -e "rootfs$at" ]; then
    case $create in
      directory) mkdir -p "rootfs$at" ;;
      file) mkdir -p "rootfs\${at%/*}" && : > "rootfs$at" ;;
      *) die "the mount target $target does not exist in the rootfs" ;;
    esac || die "the mount target $target cannot be created"
  fi
  [ "$options" != - ] || options=
  cd -P -- "rootfs\${at%/*}" && [ "$PWD" = "$S/rootfs\${at%/*}" ] || die "the mount target $target changed"
  case $kind in
    bind) bind "$S/m$number" "./\${at##*/}" "$options" ;;
    tmpfs) mount -n -c -t tmpfs -o "$options" tmpfs "./\${at##*/}" ;;
    overlay|overlay-ro)
      ro=; [ $kind = overlay ] || ro=,ro
      ( cd "$S" && mount -n -t overlay -o "$options" overlay "d$number" ) &&
        bind "$S/m$number" "./\${at##*/}" "$ro" ;;
    *) false ;;
  esac || die "$kind mount on $target failed"
  cd "$S" || die 'the scratch directory is gone'
  number=$((number + 1))
done < mounts
# runc would make it, and leave it in the layer.
resolve "$VARVE_CWD"
[ -d "rootfs$at" ] || die "the working directory $VARVE_CWD does not exist in the rootfs"
`;

/** Some seccomp profiles (CRI-O's) allow all but sethostname(2): then only a hostname that was asked for is missed. */
const SET_HOSTNAME = `
{ printf '%s' "$VARVE_HOSTNAME" > /proc/sys/kernel/hostname; } 2>/dev/null || hostname -- "$VARVE_HOSTNAME" ||
  [ "$VARVE_HOSTNAME" = ${DEFAULT_HOSTNAME} ] || die 'the hostname cannot be set'
`;

const LOOPBACK_UP = `
if [ "$VARVE_NETWORK" = none ]; then
  ip link set lo up || ifconfig lo up || :
fi
`;

/** As switch_root does: the overlay covers the host's root, so no \`..\` leads out; absolute paths are the host's until the chroot. */
const ENTER = `
cd rootfs && mount -n --move . / || die 'the root filesystem cannot become the root'
: > "$S/started"
exec "$@" 2>&3 3>&-
`;

/** "$@" is the command line that enters the root. stderr is fd 3. */
export const NAMESPACES_INNER_SCRIPT =
  PRELUDE + MOUNT_ROOTFS + MOUNT_PROC + MOUNT_SPEC + SET_HOSTNAME + LOOPBACK_UP + ENTER;

/**
 * Forks once, and its child is pid 1 of the namespace that `unshare --pid` left for it. `unshare --fork` would make 1 of
 * 137: it sets SIGKILL's handler first, and gives up (util-linux 2.38).
 */
export const WAIT_SCRIPT = '"$@"; exit $?';

/** "$@" is \`unshare … sh -c INNER …\`. The shell stays, as pid 1, to turn a signal into 128 + n. */
export const NAMESPACES_OUTER_SCRIPT = `${PRELUDE}${SAVE_STDERR}
"$@"
exit $?
`;

/**
 * "$@" is \`runc … run …\`. runc reads /proc of its own pid namespace, which is in fstab.root (runtimeLines in oci-rung.ts).
 */
export const OCI_SCRIPT = `${PRELUDE}${SAVE_STDERR}
${MOUNT_ROOTFS}${MOUNT_SPEC}
: > started
"$@" 2>&3 3>&-
exit $?
`;
