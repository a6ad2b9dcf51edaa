#include "base/fault.h"

#ifdef SLUICE_FAULT_POINTS

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/thread.h"

#define ARMED_MAX 16
#define WORD_MAX 48
#define FILE_MAX_BYTES 4096
#define PAUSE_NS INT64_C(60000000000)
#define LOOK_NS INT64_C(2000000)

struct armed {
	char point[WORD_MAX];
	char action[WORD_MAX];
	unsigned at;
	bool and_after;
	unsigned n_passed;
};

static struct lock lock = {PTHREAD_MUTEX_INITIALIZER};
static struct cond never;
/* guarded by lock */
static bool is_on; /* fault_init was called; before, no point acts */
static struct armed armed[ARMED_MAX];
static int n_armed;
static char path[4096];
static struct timespec read_at;
static ino_t read_ino;
static bool is_from_file;

static bool
arm(char *word)
{
	struct armed *a = &armed[n_armed];
	char *action = strchr(word, ':');
	char *n;

	if (action == NULL || n_armed == ARMED_MAX)
		return false;
	*action++ = '\0';
	n = strchr(action, ':');
	*a = (struct armed){.at = 1};
	if (n != NULL) {
		*n++ = '\0';
		a->at = (unsigned)strtoul(n, &n, 10);
		a->and_after = *n == '+';
	}
	snprintf(a->point, sizeof(a->point), "%s", word);
	snprintf(a->action, sizeof(a->action), "%s", action);
	n_armed++;
	return true;
}

static void
arm_all(char *text)
{
	static const char between[] = ", \t\r\n";

	n_armed = 0;
	for (;;) {
		char *word = text + strspn(text, between);
		size_t len = strcspn(word, between);
		bool is_last = word[len] == '\0';

		if (len == 0)
			return;
		word[len] = '\0';
		if (!arm(word))
			fprintf(stderr, "fault: not understood: %s\n", word);
		if (is_last)
			return;
		text = word + len + 1;
	}
}

static void
read_file(void)
{
	struct buf b;
	struct err e;

	buf_init(&b, FILE_MAX_BYTES);
	if (file_read(path, &b, &e) == 0) {
		buf_append_char(&b, '\0');
		if (!b.failed)
			arm_all(b.p);
	}
	buf_fini(&b);
}

/* Lock held. */
static void
look_at_file(void)
{
	struct stat st;

	if (!is_on)
		return;
	if (stat(path, &st) != 0) {
		if (is_from_file)
			n_armed = 0;
		is_from_file = false;
		return;
	}
	if (is_from_file && st.st_ino == read_ino &&
		st.st_mtim.tv_sec == read_at.tv_sec &&
		st.st_mtim.tv_nsec == read_at.tv_nsec)
		return;
	is_from_file = true;
	read_at = st.st_mtim;
	read_ino = st.st_ino;
	read_file();
}

void
fault_init(const char *data_dir)
{
	const char *env = getenv("SLUICE_FAULT");
	char text[FILE_MAX_BYTES];

	if (!is_on)
		cond_init(&never);
	is_on = true;
	n_armed = 0;
	is_from_file = false;
	snprintf(path, sizeof(path), "%s/faults", data_dir);
	if (env == NULL)
		return;
	snprintf(text, sizeof(text), "%s", env);
	arm_all(text);
}

static struct armed *
find(const char *name)
{
	for (int i = 0; i < n_armed; i++)
		if (strcmp(armed[i].point, name) == 0)
			return &armed[i];
	return NULL;
}

static void
tell(const struct armed *a)
{
	char text[2 * WORD_MAX + 16];
	char done[sizeof(path) + 8];
	int fd, n;

	snprintf(done, sizeof(done), "%s.done", path);
	n = snprintf(text, sizeof(text), "%s:%s:%u\n", a->point, a->action,
		a->n_passed);
	fd = open(done, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (write(fd, text, (size_t)n) != n)
		fprintf(stderr, "fault: cannot write %s\n", done);
	close(fd);
}

static int
fail(const struct armed *a, struct err *e)
{
	for (int c = 1; c < ERR_N_CODES; c++)
		if (strcmp(err_name((enum err_code)c), a->action) == 0)
			return err_set(e, (enum err_code)c, "fault point %s",
				a->point);
	return err_set(e, ERR_INVALID, "fault point %s", a->point);
}

/* Lock held, but not while it waits. */
static void
pause_at(const char *name)
{
	int64_t until = clock_mono_ns() + PAUSE_NS;
	struct armed *a = find(name);

	while (a != NULL && strcmp(a->action, "pause") == 0 &&
		clock_mono_ns() < until) {
		cond_wait_until(&never, &lock, clock_mono_ns() + LOOK_NS);
		look_at_file();
		a = find(name);
	}
}

static int
act(const char *name, const struct armed *a, struct err *e)
{
	if (strcmp(a->action, "off") == 0)
		return 0;
	tell(a);
	if (strcmp(a->action, "kill") == 0)
		raise(SIGKILL);
	if (strcmp(a->action, "pause") != 0)
		return fail(a, e);
	pause_at(name);
	return 0;
}

int
fault_point(const char *name, struct err *e)
{
	struct armed *a;
	int r = 0;

	lock_take(&lock);
	look_at_file();
	a = find(name);
	if (a != NULL) {
		a->n_passed++;
		if (a->n_passed == a->at ||
			(a->and_after && a->n_passed > a->at))
			r = act(name, a, e);
	}
	lock_release(&lock);
	return r;
}

bool
fault_is_off(const char *name)
{
	struct armed *a;
	bool yes;

	lock_take(&lock);
	look_at_file();
	a = find(name);
	yes = a != NULL && strcmp(a->action, "off") == 0;
	lock_release(&lock);
	return yes;
}

#else

/* A file must hold something. */
typedef int fault_nothing;

#endif
