/*
 * Stands between a program and its files (LD_PRELOAD): it records what is done to every file below a
 * folder, in the order in which it happens, and makes such calls fail when it is told to.
 *
 * TORTURE_ROOT     the folder; what lies elsewhere is left alone
 * TORTURE_RECORD   the file that the record is appended to; none, no record
 * TORTURE_CONTROL  a file of struct control, which the harness writes while the program runs
 *
 * A sync counts for what was written before it began, and once it has ended: both are in the record.
 * Memory that is mapped is not seen: the shared-memory file of a WAL is rebuilt from the WAL anyway.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum call { CALL_WRITE = 1, CALL_SYNC, CALL_OPEN, CALL_TRUNCATE, CALL_READ, CALL_NAME };
enum target { TARGET_ANY, TARGET_DATABASE, TARGET_WAL, TARGET_BLOBS, TARGET_BESIDE };

/* Written by the harness as little-endian words: keep in step with native/disk.ts. */
struct control {
  uint32_t call;      /* which calls fail; 0, none */
  uint32_t target;    /* of which files */
  uint32_t error;     /* errno; 0, the write is short */
  uint32_t after;     /* how many pass first */
  uint32_t count;     /* how many fail then */
  uint32_t hits;      /* how many have failed: counted here */
  int32_t clock_low;  /* milliseconds that the clock is ahead, a 64-bit number in two words */
  int32_t clock_high;
};

static struct control off;
static struct control *control = &off;
static char root[PATH_MAX];
static size_t root_length;
static int record = -1;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static uint64_t syncs;

#define FDS 65536
static struct file {
  uint64_t inode;
  char *path;
} files[FDS];

__attribute__((constructor)) static void begin(void) {
  const char *folder = getenv("TORTURE_ROOT");
  if (folder == NULL || realpath(folder, root) == NULL) return;
  root_length = strlen(root);
  const char *shared = getenv("TORTURE_CONTROL");
  if (shared != NULL) {
    int fd = (int)syscall(SYS_openat, AT_FDCWD, shared, O_RDWR | O_CLOEXEC, 0);
    if (fd >= 0) {
      void *mapped = mmap(NULL, sizeof off, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (mapped != MAP_FAILED) control = mapped;
      syscall(SYS_close, fd);
    }
  }
  const char *to = getenv("TORTURE_RECORD");
  if (to == NULL) return;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  /* Far up, so that the program gets the descriptors that it would have had. */
  record = fcntl(fd, F_DUPFD_CLOEXEC, 60000);
  if (record < 0) record = fd;
  else syscall(SYS_close, fd);
}

static int is_below(const char *path) {
  return root_length > 0 && strncmp(path, root, root_length) == 0 &&
         (path[root_length] == '/' || path[root_length] == 0);
}

/* The absolute path of what a call names, whether it is there or not. */
static int resolve(int folder, const char *path, char *out) {
  char full[PATH_MAX * 2];
  if (root_length == 0 || path == NULL) return 0;
  if (path[0] == '/') snprintf(full, sizeof full, "%s", path);
  else {
    char link[64], base[PATH_MAX];
    if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, base, sizeof base - 1);
    if (length < 0) return 0;
    base[length] = 0;
    snprintf(full, sizeof full, "%s/%s", base, path);
  }
  char parent[PATH_MAX * 2];
  snprintf(parent, sizeof parent, "%s", full);
  char *slash = strrchr(parent, '/');
  if (slash == NULL) return 0;
  *slash = 0;
  char real[PATH_MAX];
  if (realpath(parent[0] == 0 ? "/" : parent, real) == NULL) return 0;
  if (snprintf(out, PATH_MAX, "%s/%s", real, slash + 1) >= PATH_MAX) return 0;
  return is_below(out);
}

static void forget(int fd) {
  if (fd < 0 || fd >= FDS) return;
  free(files[fd].path);
  files[fd].path = NULL;
}

/* Descriptors are also closed by calls that are not seen: one that is of another file now is forgotten. */
static struct file *file_of(int fd) {
  if (fd < 0 || fd >= FDS || files[fd].path == NULL) return NULL;
  struct stat found;
  int saved = errno;
  int is_same = fstat(fd, &found) == 0 && (uint64_t)found.st_ino == files[fd].inode &&
                (S_ISREG(found.st_mode) || S_ISDIR(found.st_mode));
  errno = saved;
  if (is_same) return &files[fd];
  forget(fd);
  return NULL;
}

static int matches(uint32_t target, const char *path) {
  size_t length = strlen(path);
  int is_blob = strstr(path, ".blobs") != NULL;
  int is_wal = length > 4 && strcmp(path + length - 4, "-wal") == 0;
  int is_database = length > 3 && strcmp(path + length - 3, ".db") == 0;
  switch (target) {
    case TARGET_DATABASE: return is_database;
    case TARGET_WAL: return is_wal;
    case TARGET_BLOBS: return is_blob;
    case TARGET_BESIDE: return !is_blob && !is_wal && !is_database;
    default: return 1;
  }
}

/* 0, the call goes on; -1, it fails with errno set; 1, it is short. */
static int fault(uint32_t call, const char *path) {
  if (control->call != call || !matches(control->target, path)) return 0;
  if (__atomic_load_n(&control->after, __ATOMIC_SEQ_CST) > 0) {
    __atomic_fetch_sub(&control->after, 1, __ATOMIC_SEQ_CST);
    return 0;
  }
  if (__atomic_load_n(&control->count, __ATOMIC_SEQ_CST) == 0) return 0;
  __atomic_fetch_sub(&control->count, 1, __ATOMIC_SEQ_CST);
  __atomic_fetch_add(&control->hits, 1, __ATOMIC_SEQ_CST);
  if (control->error == 0) return 1;
  errno = (int)control->error;
  return -1;
}

static uint64_t monotonic(void) {
  struct timespec now;
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* One entry: its length, what was done, when, to which inode, where, two names, and the bytes. */
static void put(char what, uint64_t inode, uint64_t offset, const char *name, const char *to,
                const struct iovec *parts, int count, size_t size) {
  if (record < 0) return;
  uint32_t name_length = (uint32_t)strlen(name), to_length = (uint32_t)strlen(to);
  uint32_t length = 1 + 8 + 8 + 8 + 4 + name_length + 4 + to_length + 4 + (uint32_t)size;
  char *entry = malloc(4 + length), *at = entry;
  if (entry == NULL) abort();
  uint64_t now = monotonic();
  uint32_t bytes = (uint32_t)size;
#define ADD(from, width) memcpy(at, from, width), at += width
  ADD(&length, 4);
  ADD(&what, 1);
  ADD(&now, 8);
  ADD(&inode, 8);
  ADD(&offset, 8);
  ADD(&name_length, 4);
  ADD(name, name_length);
  ADD(&to_length, 4);
  ADD(to, to_length);
  ADD(&bytes, 4);
  for (int i = 0; i < count && size > 0; i += 1) {
    size_t part = parts[i].iov_len < size ? parts[i].iov_len : size;
    ADD(parts[i].iov_base, part);
    size -= part;
  }
  for (size_t done = 0; done < 4 + length;) {
    ssize_t written = syscall(SYS_write, record, entry + done, 4 + length - done);
    if (written < 0) abort();
    done += (size_t)written;
  }
  free(entry);
}

static void put_name(char what, uint64_t inode, const char *name, const char *to) {
  put(what, inode, 0, name, to, NULL, 0, 0);
}

static uint64_t inode_at(const char *path) {
  struct stat found;
  return stat(path, &found) == 0 ? (uint64_t)found.st_ino : 0;
}

/* --- Opening and closing ---------------------------------------------------------------------- */

static int open_at(int folder, const char *path, int flags, mode_t mode) {
  char full[PATH_MAX];
  if (!resolve(folder, path, full)) {
    int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    forget(fd);
    return fd;
  }
  if (fault(CALL_OPEN, full) < 0) return -1;
  pthread_mutex_lock(&order);
  int is_new = (flags & O_CREAT) != 0 && access(full, F_OK) != 0;
  int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
  int saved = errno;
  if (fd >= 0 && fd < FDS) {
    struct stat found;
    fstat(fd, &found);
    forget(fd);
    files[fd].path = strdup(full);
    files[fd].inode = (uint64_t)found.st_ino;
    if (is_new) put_name('C', files[fd].inode, full, "");
    if ((flags & O_TRUNC) != 0 && !is_new) put('T', files[fd].inode, 0, full, "", NULL, 0, 0);
  }
  pthread_mutex_unlock(&order);
  errno = saved;
  return fd;
}

static mode_t mode_of(int flags, va_list more) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
}

#define DEFINE_OPEN(name)                            \
  int name(const char *path, int flags, ...) {       \
    va_list more;                                    \
    va_start(more, flags);                           \
    mode_t mode = mode_of(flags, more);              \
    va_end(more);                                    \
    return open_at(AT_FDCWD, path, flags, mode);     \
  }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)

#define DEFINE_OPENAT(name)                              \
  int name(int folder, const char *path, int flags, ...) { \
    va_list more;                                        \
    va_start(more, flags);                               \
    mode_t mode = mode_of(flags, more);                  \
    va_end(more);                                        \
    return open_at(folder, path, flags, mode);           \
  }
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

int close(int fd) {
  if (fd == record && record >= 0) return 0;
  forget(fd);
  return (int)syscall(SYS_close, fd);
}

/* --- Writing ---------------------------------------------------------------------------------- */

/* The offset is that of the call, or -1 for where the descriptor stands. */
static ssize_t write_parts(int fd, const struct iovec *parts, int count, off_t offset) {
  struct file *file = file_of(fd);
  size_t asked = 0;
  for (int i = 0; i < count; i += 1) asked += parts[i].iov_len;
  int outcome = file == NULL ? 0 : fault(CALL_WRITE, file->path);
  if (outcome < 0) return -1;
  struct iovec half = {parts[0].iov_base, asked > 1 ? parts[0].iov_len / 2 : parts[0].iov_len};
  if (outcome > 0 && half.iov_len > 0) parts = &half, count = 1;
  if (file != NULL) pthread_mutex_lock(&order);
  off_t at = offset;
  if (file != NULL && offset < 0) {
    int flags = fcntl(fd, F_GETFL);
    struct stat found;
    if ((flags & O_APPEND) != 0 && fstat(fd, &found) == 0) at = found.st_size;
    else at = lseek(fd, 0, SEEK_CUR);
  }
  ssize_t written = offset < 0 ? syscall(SYS_writev, fd, parts, count)
                               : syscall(SYS_pwritev, fd, parts, count, offset, 0);
  int saved = errno;
  if (file != NULL) {
    if (written > 0) {
      put('W', file->inode, (uint64_t)at, "", "", parts, count, (size_t)written);
    }
    pthread_mutex_unlock(&order);
  }
  errno = saved;
  return written;
}

ssize_t write(int fd, const void *bytes, size_t size) {
  if (file_of(fd) == NULL) return syscall(SYS_write, fd, bytes, size);
  struct iovec part = {(void *)bytes, size};
  return write_parts(fd, &part, 1, -1);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (file_of(fd) == NULL) return syscall(SYS_writev, fd, parts, count);
  return write_parts(fd, parts, count, -1);
}

#define DEFINE_PWRITE(name, offset_type)                                      \
  ssize_t name(int fd, const void *bytes, size_t size, offset_type offset) {  \
    if (file_of(fd) == NULL) return syscall(SYS_pwrite64, fd, bytes, size, offset); \
    struct iovec part = {(void *)bytes, size};                                \
    return write_parts(fd, &part, 1, offset);                                 \
  }
DEFINE_PWRITE(pwrite, off_t)
DEFINE_PWRITE(pwrite64, off64_t)

#define DEFINE_PWRITEV(name, offset_type)                                              \
  ssize_t name(int fd, const struct iovec *parts, int count, offset_type offset) {     \
    if (file_of(fd) == NULL) return syscall(SYS_pwritev, fd, parts, count, offset, 0); \
    return write_parts(fd, parts, count, offset);                                      \
  }
DEFINE_PWRITEV(pwritev, off_t)
DEFINE_PWRITEV(pwritev64, off64_t)

/* Copies inside of the kernel are not seen: whoever asks falls back to reading and writing. */
ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *where, size_t size, unsigned flags) {
  if (file_of(to) != NULL) return errno = EXDEV, -1;
  return syscall(SYS_copy_file_range, from, at, to, where, size, flags);
}

#define DEFINE_SENDFILE(name, offset_type)                             \
  ssize_t name(int to, int from, offset_type *offset, size_t size) {   \
    if (file_of(to) != NULL) return errno = EINVAL, -1;                \
    return syscall(SYS_sendfile, to, from, offset, size);              \
  }
DEFINE_SENDFILE(sendfile, off_t)
DEFINE_SENDFILE(sendfile64, off64_t)

static int truncate_to(int fd, off_t size) {
  struct file *file = file_of(fd);
  if (file == NULL) return (int)syscall(SYS_ftruncate, fd, size);
  if (fault(CALL_TRUNCATE, file->path) < 0) return -1;
  pthread_mutex_lock(&order);
  int result = (int)syscall(SYS_ftruncate, fd, size);
  int saved = errno;
  if (result == 0) put('T', file->inode, (uint64_t)size, "", "", NULL, 0, 0);
  pthread_mutex_unlock(&order);
  errno = saved;
  return result;
}

int ftruncate(int fd, off_t size) { return truncate_to(fd, size); }
int ftruncate64(int fd, off64_t size) { return truncate_to(fd, size); }

/* --- Reading ---------------------------------------------------------------------------------- */

ssize_t read(int fd, void *bytes, size_t size) {
  struct file *file = file_of(fd);
  if (file != NULL && fault(CALL_READ, file->path) < 0) return -1;
  return syscall(SYS_read, fd, bytes, size);
}

#define DEFINE_PREAD(name, offset_type)                                  \
  ssize_t name(int fd, void *bytes, size_t size, offset_type offset) {   \
    struct file *file = file_of(fd);                                     \
    if (file != NULL && fault(CALL_READ, file->path) < 0) return -1;     \
    return syscall(SYS_pread64, fd, bytes, size, offset);                \
  }
DEFINE_PREAD(pread, off_t)
DEFINE_PREAD(pread64, off64_t)

/* --- Syncing ---------------------------------------------------------------------------------- */

static int sync_by(long call, int fd) {
  struct file *file = file_of(fd);
  if (file == NULL) return (int)syscall(call, fd);
  if (fault(CALL_SYNC, file->path) < 0) return -1;
  uint64_t inode = file->inode;
  pthread_mutex_lock(&order);
  uint64_t number = ++syncs;
  put('S', inode, number, "", "", NULL, 0, 0);
  pthread_mutex_unlock(&order);
  int result = (int)syscall(call, fd);
  int saved = errno;
  if (result == 0) {
    pthread_mutex_lock(&order);
    put('s', inode, number, "", "", NULL, 0, 0);
    pthread_mutex_unlock(&order);
  }
  errno = saved;
  return result;
}

int fsync(int fd) { return sync_by(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_by(SYS_fdatasync, fd); }

/* --- Names ------------------------------------------------------------------------------------ */

static int rename_at(int from_folder, const char *from, int to_folder, const char *to) {
  char old[PATH_MAX], new[PATH_MAX];
  int is_known = resolve(from_folder, from, old) && resolve(to_folder, to, new);
  if (is_known && fault(CALL_NAME, new) < 0) return -1;
  if (is_known) pthread_mutex_lock(&order);
  uint64_t inode = is_known ? inode_at(old) : 0;
  int result = (int)syscall(SYS_renameat, from_folder, from, to_folder, to);
  int saved = errno;
  if (is_known) {
    if (result == 0) put_name('R', inode, old, new);
    pthread_mutex_unlock(&order);
  }
  errno = saved;
  return result;
}

int rename(const char *from, const char *to) { return rename_at(AT_FDCWD, from, AT_FDCWD, to); }
int renameat(int a, const char *from, int b, const char *to) { return rename_at(a, from, b, to); }

static int link_at(int from_folder, const char *from, int to_folder, const char *to, int flags) {
  char old[PATH_MAX], new[PATH_MAX];
  int is_known = resolve(to_folder, to, new);
  if (is_known && fault(CALL_NAME, new) < 0) return -1;
  if (is_known) pthread_mutex_lock(&order);
  int result = (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
  int saved = errno;
  if (is_known) {
    if (result == 0) put_name('L', inode_at(new), resolve(from_folder, from, old) ? old : "", new);
    pthread_mutex_unlock(&order);
  }
  errno = saved;
  return result;
}

int link(const char *from, const char *to) { return link_at(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int a, const char *from, int b, const char *to, int flags) {
  return link_at(a, from, b, to, flags);
}

static int remove_at(int folder, const char *path, int flags) {
  char full[PATH_MAX];
  int is_known = resolve(folder, path, full);
  if (is_known && fault(CALL_NAME, full) < 0) return -1;
  if (is_known) pthread_mutex_lock(&order);
  uint64_t inode = is_known ? inode_at(full) : 0;
  int result = (int)syscall(SYS_unlinkat, folder, path, flags);
  int saved = errno;
  if (is_known) {
    if (result == 0) put_name('U', inode, full, "");
    pthread_mutex_unlock(&order);
  }
  errno = saved;
  return result;
}

int unlink(const char *path) { return remove_at(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) { return remove_at(folder, path, flags); }
int rmdir(const char *path) { return remove_at(AT_FDCWD, path, AT_REMOVEDIR); }

/** What the C library makes of it does not come by here. */
int remove(const char *path) {
  if (unlink(path) == 0) return 0;
  return errno == EISDIR || errno == EPERM ? rmdir(path) : -1;
}

static int make_folder(int folder, const char *path, mode_t mode) {
  char full[PATH_MAX];
  int is_known = resolve(folder, path, full);
  if (is_known && fault(CALL_NAME, full) < 0) return -1;
  if (is_known) pthread_mutex_lock(&order);
  int result = (int)syscall(SYS_mkdirat, folder, path, mode);
  int saved = errno;
  if (is_known) {
    if (result == 0) put_name('M', inode_at(full), full, "");
    pthread_mutex_unlock(&order);
  }
  errno = saved;
  return result;
}

int mkdir(const char *path, mode_t mode) { return make_folder(AT_FDCWD, path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) { return make_folder(folder, path, mode); }

/* --- The clock -------------------------------------------------------------------------------- */

static int64_t ahead_ms(void) {
  return ((int64_t)control->clock_high << 32) | (uint32_t)control->clock_low;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
  int64_t ahead = ahead_ms();
  now->tv_sec += ahead / 1000;
  now->tv_nsec += (ahead % 1000) * 1000000;
  if (now->tv_nsec >= 1000000000) now->tv_nsec -= 1000000000, now->tv_sec += 1;
  if (now->tv_nsec < 0) now->tv_nsec += 1000000000, now->tv_sec -= 1;
  return 0;
}

int gettimeofday(struct timeval *now, void *zone) {
  (void)zone;
  struct timespec found;
  clock_gettime(CLOCK_REALTIME, &found);
  now->tv_sec = found.tv_sec;
  now->tv_usec = found.tv_nsec / 1000;
  return 0;
}
