#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/*
 * Loaded before the daemon's libraries (LD_PRELOAD) by tests: moves its wall
 * clock and lets its file calls fail, as the file named by SLUICE_SHIM says
 * while it runs. That file is struct order; tests/fault/shim.py writes it.
 */
enum { SYNC = 1, WRITE = 2 };

struct order {
	int64_t clock_offset_s;
	int32_t calls; /* which fail: bits */
	int32_t with; /* errno */
	char name[48]; /* of files whose name ends so */
};

static const struct order nothing;
static const volatile struct order *order = &nothing;

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("SLUICE_SHIM");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *p;

	if (fd < 0)
		return;
	p = mmap(NULL, sizeof(*order), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		order = p;
}

static int
is_meant(int fd)
{
	char link[64], name[512];
	ssize_t n;
	size_t len = strlen((const char *)order->name);

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, name, sizeof(name) - 1);
	if (n < 0 || (size_t)n < len)
		return 0;
	name[n] = '\0';
	return strcmp(name + n - len, (const char *)order->name) == 0;
}

/* Whether the call fails; errno is set. */
static int
fails(int call, int fd)
{
	int kept = errno;

	if ((order->calls & call) == 0 || !is_meant(fd)) {
		errno = kept;
		return 0;
	}
	errno = order->with;
	return 1;
}

#define REAL(name, type) ((type)dlsym(RTLD_NEXT, name))

int
fsync(int fd)
{
	return fails(SYNC, fd) ? -1 : REAL("fsync", int (*)(int))(fd);
}

int
fdatasync(int fd)
{
	return fails(SYNC, fd) ? -1 : REAL("fdatasync", int (*)(int))(fd);
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
	typedef ssize_t fn(int, const void *, size_t, off_t);

	return fails(WRITE, fd) ? -1 : REAL("pwrite", fn *)(fd, p, n, at);
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	typedef ssize_t fn(int, const void *, size_t, off64_t);

	return fails(WRITE, fd) ? -1 : REAL("pwrite64", fn *)(fd, p, n, at);
}

int
clock_gettime(clockid_t clock, struct timespec *out)
{
	typedef int fn(clockid_t, struct timespec *);
	static fn *real;
	int r;

	if (real == NULL)
		real = REAL("clock_gettime", fn *);
	r = real(clock, out);
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		out->tv_sec += order->clock_offset_s;
	return r;
}

int
gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec t;
	int r = clock_gettime(CLOCK_REALTIME, &t);

	(void)zone;
	out->tv_sec = t.tv_sec;
	out->tv_usec = t.tv_nsec / 1000;
	return r;
}

time_t
time(time_t *out)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (out != NULL)
		*out = t.tv_sec;
	return t.tv_sec;
}
