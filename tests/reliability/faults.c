/* Preloaded into a writer: the k-th operation on a scene's files fails, or the process dies there.
 *
 * fault_arm(k, kind) starts the count; fault_count() says how many operations there were.
 * kind: 0 none, 1 kill before the operation, 2 kill after it, 3 EIO, 4 ENOSPC, 5 half a write, then ENOSPC.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { NONE, KILL_BEFORE, KILL_AFTER, FAIL_IO, FAIL_FULL, FAIL_SHORT };

static int armed, at, kind, count;

void fault_arm(int k, int how) { at = k; kind = how; count = 0; armed = 1; }
int fault_count(void) { return count; }

static int in_scene(const char *path) {
    const char *scene = getenv("FAULT_SCENE");
    return path && scene && strstr(path, scene);
}

static int fd_in_scene(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return in_scene(path);
}

/* Which fault this operation meets; kills at once when that is asked. */
static int fault(void) {
    if (!armed) return NONE;
    int mine = __sync_fetch_and_add(&count, 1);
    /* A full or broken disk stays so: all later operations fail too. */
    int hit = kind >= FAIL_IO ? mine >= at : mine == at;
    if (!hit || at < 0) return NONE;
    if (kind == KILL_BEFORE) { kill(getpid(), SIGKILL); pause(); }
    return kind;
}

static void after(int met) {
    if (met == KILL_AFTER) { kill(getpid(), SIGKILL); pause(); }
}

static int failed(int met) {
    if (met == FAIL_IO) { errno = EIO; return 1; }
    if (met >= FAIL_FULL) { errno = ENOSPC; return 1; }
    return 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define GUARDED(condition, call, broken)         \
    if (!(condition)) return call;               \
    int met = fault();                           \
    if (failed(met)) return broken;              \
    __typeof__(call) result = call;              \
    after(met);                                  \
    return result;

int rename(const char *from, const char *to) { GUARDED(in_scene(to), REAL(rename)(from, to), -1) }
int link(const char *from, const char *to) { GUARDED(in_scene(to), REAL(link)(from, to), -1) }
int linkat(int a, const char *from, int b, const char *to, int flags) {
    GUARDED(in_scene(to), REAL(linkat)(a, from, b, to, flags), -1)
}
int mkdir(const char *path, mode_t mode) { GUARDED(in_scene(path), REAL(mkdir)(path, mode), -1) }
int fsync(int fd) { GUARDED(fd_in_scene(fd), REAL(fsync)(fd), -1) }
int syncfs(int fd) { GUARDED(fd_in_scene(fd), REAL(syncfs)(fd), -1) }
int fdatasync(int fd) { GUARDED(fd_in_scene(fd), REAL(fdatasync)(fd), -1) }

ssize_t write(int fd, const void *data, size_t n) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = REAL(write);
    if (!armed || !fd_in_scene(fd)) return real(fd, data, n);
    int met = fault();
    if (met == FAIL_SHORT && count == at + 1 && n > 1) return real(fd, data, n / 2);
    if (failed(met)) return -1;
    ssize_t result = real(fd, data, n);
    after(met);
    return result;
}
