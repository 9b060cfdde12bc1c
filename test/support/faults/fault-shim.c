// Preloaded into node: the Nth call of a kind meets what FAULT says. Compiled by fault-shim.ts.
//   FAULT=kill:KIND:N         SIGKILL before the call
//   FAULT=half:KIND:N         the first half of a write is done, then SIGKILL
//   FAULT=errno:KIND:N:E      from the Nth call on all of the kind fail with this errno
//   FAULT=delay:KIND:N:US     from the Nth call on each takes so many microseconds more
//   FAULT=back:clock:N:S      from the Nth look at the clock on it is S seconds earlier
//   FAULT_BELOW=DIRECTORY     calls on other files do not count
//   FAULT_COUNTS=FILE         how many there were of each kind, written at a regular end
// Kinds: write, sync, rename, make, remove, read (files) and net (sockets).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind { WRITE, SYNC, RENAME, MAKE, REMOVE, READ, NET, CLOCK, KINDS };
static const char *const names[KINDS] = {"write", "sync", "rename", "make", "remove", "read", "net", "clock"};
enum action { NONE, KILL, HALF, ERRNO, DELAY, BACK };

static enum action action;
static enum kind chosen;
static long at, argument;
static char below[PATH_MAX], counts_file[PATH_MAX];
static atomic_long counts[KINDS];
static int active, owner;

static void write_counts(void) {
  if (!counts_file[0] || getpid() != owner) return;
  FILE *file = fopen(counts_file, "w");
  if (!file) return;
  for (int i = 0; i < KINDS; i++) fprintf(file, "%s %ld\n", names[i], atomic_load(&counts[i]));
  fclose(file);
}

// Only node itself: neither the shell that starts it nor what it starts.
__attribute__((constructor)) static void begin(void) {
  if (strcmp(program_invocation_short_name, "node") != 0) return;
  const char *fault = getenv("FAULT"), *directory = getenv("FAULT_BELOW"), *file = getenv("FAULT_COUNTS");
  if (directory) strncpy(below, directory, sizeof below - 1);
  if (file) strncpy(counts_file, file, sizeof counts_file - 1);
  char verb[16] = "", kind[16] = "";
  if (fault && sscanf(fault, "%15[a-z]:%15[a-z]:%ld:%ld", verb, kind, &at, &argument) >= 3) {
    const char *const verbs[] = {"", "kill", "half", "errno", "delay", "back"};
    for (int i = 1; i < 6; i++) if (!strcmp(verb, verbs[i])) action = i;
    for (int i = 0; i < KINDS; i++) if (!strcmp(kind, names[i])) chosen = i;
  }
  unsetenv("LD_PRELOAD");
  unsetenv("FAULT");
  unsetenv("FAULT_BELOW");
  unsetenv("FAULT_COUNTS");
  owner = getpid();
  active = 1;
  atexit(write_counts);
}

static int is_below(const char *path) { return !below[0] || strncmp(path, below, strlen(below)) == 0; }

static int counts_path(int directory, const char *path) {
  if (!active) return 0;
  if (path[0] == '/' || directory == AT_FDCWD) return is_below(path);
  return 1;
}

// Which kind a call on a descriptor is: of a file that counts, of a socket, or none.
static int kind_of(int fd, enum kind file) {
  if (!active) return -1;
  struct stat stats;
  if (fstat(fd, &stats) != 0) return -1;
  if (S_ISSOCK(stats.st_mode)) return file == READ ? -1 : NET;
  if (!S_ISREG(stats.st_mode)) return -1;
  if (!below[0]) return file;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return -1;
  path[length] = 0;
  return is_below(path) ? (int)file : -1;
}

static void end(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// 0: go on; -1: fail with errno; 1: do half, then end().
static int meet(int kind) {
  if (kind < 0) return 0;
  long n = atomic_fetch_add(&counts[kind], 1) + 1;
  if (!action || kind != (int)chosen) return 0;
  if (n == at && action == KILL) end();
  if (n == at && action == HALF) return 1;
  if (n >= at && action == ERRNO) return errno = (int)argument, -1;
  if (n >= at && action == DELAY) usleep((useconds_t)argument);
  return 0;
}

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = dlsym(RTLD_NEXT, name)

#define WRITER(name, kind, parameters, types, half, ...) \
  ssize_t name parameters { \
    REAL(ssize_t, #name, types); \
    int met = meet(kind_of(fd, kind)); \
    if (met < 0) return -1; \
    if (met > 0) { half; end(); } \
    return real(__VA_ARGS__); \
  }
#define T(...) __VA_ARGS__

WRITER(write, WRITE, (int fd, const void *bytes, size_t size), T(int, const void *, size_t),
       (void)!real(fd, bytes, size / 2), fd, bytes, size)
WRITER(pwrite, WRITE, (int fd, const void *bytes, size_t size, off_t from), T(int, const void *, size_t, off_t),
       (void)!real(fd, bytes, size / 2, from), fd, bytes, size, from)
WRITER(pwrite64, WRITE, (int fd, const void *bytes, size_t size, off64_t from), T(int, const void *, size_t, off64_t),
       (void)!real(fd, bytes, size / 2, from), fd, bytes, size, from)
WRITER(writev, WRITE, (int fd, const struct iovec *parts, int count), T(int, const struct iovec *, int),
       (void)!real(fd, parts, count / 2), fd, parts, count)
WRITER(sendmsg, WRITE, (int fd, const struct msghdr *message, int flags), T(int, const struct msghdr *, int),
       (void)0, fd, message, flags)
WRITER(read, READ, (int fd, void *bytes, size_t size), T(int, void *, size_t), (void)0, fd, bytes, size)
WRITER(pread, READ, (int fd, void *bytes, size_t size, off_t from), T(int, void *, size_t, off_t), (void)0, fd, bytes,
       size, from)
WRITER(pread64, READ, (int fd, void *bytes, size_t size, off64_t from), T(int, void *, size_t, off64_t), (void)0, fd,
       bytes, size, from)

#define BY_FD(name) \
  int name(int fd) { \
    REAL(int, #name, int); \
    return meet(kind_of(fd, SYNC)) < 0 ? -1 : real(fd); \
  }
BY_FD(fsync)
BY_FD(fdatasync)

#define BY_PATH(name, kind, parameters, types, path, ...) \
  int name parameters { \
    REAL(int, #name, types); \
    return meet(counts_path(AT_FDCWD, path) ? kind : -1) < 0 ? -1 : real(__VA_ARGS__); \
  }
BY_PATH(rename, RENAME, (const char *from, const char *to), T(const char *, const char *), to, from, to)
BY_PATH(link, MAKE, (const char *from, const char *to), T(const char *, const char *), to, from, to)
BY_PATH(symlink, MAKE, (const char *target, const char *path), T(const char *, const char *), path, target, path)
BY_PATH(mkdir, MAKE, (const char *path, mode_t mode), T(const char *, mode_t), path, path, mode)
BY_PATH(unlink, REMOVE, (const char *path), T(const char *), path, path)
BY_PATH(rmdir, REMOVE, (const char *path), T(const char *), path, path)

#define OPENER(name) \
  int name(const char *path, int flags, ...) { \
    REAL(int, #name, const char *, int, ...); \
    mode_t mode = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { \
      va_list list; \
      va_start(list, flags); \
      mode = va_arg(list, mode_t); \
      va_end(list); \
    } \
    if (flags & O_CREAT && meet(counts_path(AT_FDCWD, path) ? MAKE : -1) < 0) return -1; \
    return real(path, flags, mode); \
  }
OPENER(open)
OPENER(open64)

static int is_back(void) {
  if (!active || action != BACK) return 0;
  return atomic_fetch_add(&counts[CLOCK], 1) + 1 >= at;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  REAL(int, "clock_gettime", clockid_t, struct timespec *);
  int result = real(clock, time);
  if (clock == CLOCK_REALTIME && is_back()) time->tv_sec -= argument;
  return result;
}

int gettimeofday(struct timeval *time, void *zone) {
  REAL(int, "gettimeofday", struct timeval *, void *);
  int result = real(time, zone);
  if (is_back()) time->tv_sec -= argument;
  return result;
}
