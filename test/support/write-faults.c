/*
 * Makes the Nth write below a path fail. Preloaded (LD_PRELOAD) into a process, which arms it with faults_arm
 * (see write-faults.ts). Counts the calls of all threads. Looks paths up in /proc/self/fd, so that unnamed files
 * are found as well.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>
#include <linux/fs.h>

/* A mask of the calls that count. */
enum { WRITES = 1, SYNCS = 2, NAMES = 4, REMOVALS = 8 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  int mask;
  long nth;
  int error;
  long count;
  int has_clone;
  char below[PATH_MAX];
  char what[PATH_MAX + 64];
} armed;

/* With `error` 0 the write is short. With `nth` 0 calls are only counted. */
void faults_arm(const char *below, int mask, long nth, int error) {
  pthread_mutex_lock(&lock);
  snprintf(armed.below, sizeof armed.below, "%s/", below);
  armed.mask = mask;
  armed.nth = nth;
  armed.error = error;
  armed.count = 0;
  armed.what[0] = '\0';
  pthread_mutex_unlock(&lock);
}

/* Disarms, and returns the number of counted calls. */
long faults_disarm(void) {
  pthread_mutex_lock(&lock);
  armed.mask = 0;
  long count = armed.count;
  pthread_mutex_unlock(&lock);
  return count;
}

/* The failed call and its path; empty if none failed. */
const char *faults_last(void) { return armed.what; }

/* Emulates reflinks (FICLONE), as btrfs and xfs have them. */
void faults_clone(int has_clone) { armed.has_clone = has_clone; }

static int strike(int kind, const char *call, const char *path) {
  int hit = 0;
  pthread_mutex_lock(&lock);
  if ((armed.mask & kind) && strncmp(path, armed.below, strlen(armed.below)) == 0) {
    armed.count += 1;
    hit = armed.count == armed.nth;
    if (hit) snprintf(armed.what, sizeof armed.what, "%s %s", call, path);
  }
  pthread_mutex_unlock(&lock);
  return hit;
}

static int path_of(int fd, char path[PATH_MAX]) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  path[length < 0 ? 0 : length] = '\0';
  return length > 0;
}

static int strike_fd(int kind, const char *call, int fd) {
  char path[PATH_MAX];
  if (!(armed.mask & kind)) return 0;
  int saved = errno;
  int hit = path_of(fd, path) && strike(kind, call, path);
  errno = saved;
  return hit;
}

static int strike_at(int kind, const char *call, int directory, const char *name) {
  char path[2 * PATH_MAX];
  if (!(armed.mask & kind)) return 0;
  int saved = errno;
  path[0] = '\0';
  if (name[0] != '/' && directory != AT_FDCWD && path_of(directory, path)) strcat(path, "/");
  strncat(path, name, PATH_MAX - 1);
  path[PATH_MAX - 1] = '\0';
  int hit = strike(kind, call, path);
  errno = saved;
  return hit;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL(result) \
  do { \
    errno = armed.error ? armed.error : EIO; \
    return (result); \
  } while (0)
/* A short write is a success; one byte cannot be shortened. */
#define FAIL_OR_SHORTEN(size) \
  do { \
    if (armed.error != 0 || (size) < 2) FAIL(-1); \
    (size) /= 2; \
  } while (0)

ssize_t write(int fd, const void *bytes, size_t size) {
  if (strike_fd(WRITES, "write", fd)) FAIL_OR_SHORTEN(size);
  return REAL(write)(fd, bytes, size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
  if (strike_fd(WRITES, "pwrite", fd)) FAIL_OR_SHORTEN(size);
  return REAL(pwrite)(fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
  if (strike_fd(WRITES, "pwrite64", fd)) FAIL_OR_SHORTEN(size);
  return REAL(pwrite64)(fd, bytes, size, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (strike_fd(WRITES, "writev", fd)) FAIL(-1);
  return REAL(writev)(fd, parts, count);
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t size, unsigned flags) {
  if (strike_fd(WRITES, "copy_file_range", to)) FAIL_OR_SHORTEN(size);
  return REAL(copy_file_range)(from, from_at, to, to_at, size, flags);
}

int fsync(int fd) {
  if (strike_fd(SYNCS, "fsync", fd)) FAIL(-1);
  return REAL(fsync)(fd);
}

int fdatasync(int fd) {
  if (strike_fd(SYNCS, "fdatasync", fd)) FAIL(-1);
  return REAL(fdatasync)(fd);
}

int syncfs(int fd) {
  char path[PATH_MAX + 1];
  if (armed.mask & SYNCS && path_of(fd, path)) {
    strcat(path, "/");
    if (strike(SYNCS, "syncfs", path)) FAIL(-1);
  }
  return REAL(syncfs)(fd);
}

int linkat(int from, const char *old, int to, const char *new, int flags) {
  if (strike_at(NAMES, "linkat", to, new)) FAIL(-1);
  return REAL(linkat)(from, old, to, new, flags);
}

int rename(const char *old, const char *new) {
  if (strike_at(NAMES, "rename", AT_FDCWD, new)) FAIL(-1);
  return REAL(rename)(old, new);
}

int renameat(int from, const char *old, int to, const char *new) {
  if (strike_at(NAMES, "renameat", to, new)) FAIL(-1);
  return REAL(renameat)(from, old, to, new);
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
  if (strike_at(NAMES, "renameat2", to, new)) FAIL(-1);
  return REAL(renameat2)(from, old, to, new, flags);
}

int mkdirat(int directory, const char *name, mode_t mode) {
  if (strike_at(NAMES, "mkdirat", directory, name)) FAIL(-1);
  return REAL(mkdirat)(directory, name, mode);
}

int symlinkat(const char *target, int directory, const char *name) {
  if (strike_at(NAMES, "symlinkat", directory, name)) FAIL(-1);
  return REAL(symlinkat)(target, directory, name);
}

int unlink(const char *path) {
  if (strike_at(REMOVALS, "unlink", AT_FDCWD, path)) FAIL(-1);
  return REAL(unlink)(path);
}

int unlinkat(int directory, const char *name, int flags) {
  if (strike_at(REMOVALS, "unlinkat", directory, name)) FAIL(-1);
  return REAL(unlinkat)(directory, name, flags);
}

/* A clone has all bytes of the other file, regardless of its position. */
static int clone_file(int to, int from) {
  char bytes[65536];
  off_t at = 0;
  for (ssize_t got; (got = pread(from, bytes, sizeof bytes, at)) > 0; at += got)
    if (REAL(pwrite)(to, bytes, (size_t)got, at) != got) return -1;
  return 0;
}

int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void *argument = va_arg(list, void *);
  va_end(list);
  if (request == FICLONE && armed.has_clone) return clone_file(fd, (int)(long)argument);
  return REAL(ioctl)(fd, request, argument);
}
