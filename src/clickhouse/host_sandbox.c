#include "clickhouse/host.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/landlock.h>

/*
 * SQL can read and write files (file(), INTO OUTFILE, names in backquotes) with
 * the rights of this process. Landlock keeps it to its own folder and to what a
 * program needs of the system, so that a query cannot reach the daemon's files:
 * keys in config.db, secrets in /etc.
 */
#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_V1 ((UINT64_C(1) << 13) - 1)
#define ACCESS_REFER (UINT64_C(1) << 13)
#define ACCESS_TRUNCATE (UINT64_C(1) << 14)

static uint64_t
access_of_abi(int abi)
{
	uint64_t v = ACCESS_V1;

	if (abi >= 2)
		v |= ACCESS_REFER;
	if (abi >= 3)
		v |= ACCESS_TRUNCATE;
	return v;
}

/* A path that is not there needs no rule. */
static int
allow(int ruleset, const char *path, uint64_t access, struct err *e)
{
	struct landlock_path_beneath_attr attr = {.allowed_access = access};
	struct stat st;
	int r = 0;

	attr.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (attr.parent_fd < 0)
		return 0;
	if (fstat(attr.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		attr.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE |
				       LANDLOCK_ACCESS_FS_WRITE_FILE |
				       ACCESS_TRUNCATE;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		    &attr, 0) != 0)
		r = err_sys(e, ERR_UNAVAILABLE, "cannot confine to %s", path);
	close(attr.parent_fd);
	return r;
}

static int
allow_all(
	int ruleset, const struct host_args *a, uint64_t handled, struct err *e)
{
	static const char *const readable[] = {"/usr", "/lib", "/lib64", "/bin",
		"/proc", "/sys", "/etc/localtime", "/etc/timezone", "/etc/ssl",
		"/etc/hosts", "/etc/host.conf", "/etc/resolv.conf",
		"/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services",
		"/etc/protocols", "/etc/ld.so.cache", "/etc/passwd",
		"/etc/group", "/dev/urandom", "/dev/random", "/dev/zero"};
	uint64_t own = handled & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE;
	int r = allow(ruleset, a->dir, own, e);

	for (size_t i = 0; i < ARRAY_LEN(readable) && r == 0; i++)
		r = allow(ruleset, readable[i], ACCESS_READ, e);
	if (r == 0)
		r = allow(ruleset, a->library, ACCESS_READ, e);
	if (r == 0)
		r = allow(ruleset, "/dev/null",
			ACCESS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE, e);
	return r;
}

static int
confine(const struct host_args *a, bool *confined, struct err *e)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = 0};
	int ruleset, r;
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
		LANDLOCK_CREATE_RULESET_VERSION);

	*confined = false;
	if (abi < 1)
		return 0;
	attr.handled_access_fs = access_of_abi(abi);
	ruleset = (int)syscall(
		SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return err_sys(e, ERR_UNAVAILABLE, "cannot confine itself");
	r = allow_all(ruleset, a, attr.handled_access_fs, e);
	if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		r = err_sys(e, ERR_UNAVAILABLE, "cannot confine itself");
	close(ruleset);
	*confined = r == 0;
	return r;
}

static bool
has_none(const struct __user_cap_data_struct has[2])
{
	return (has[0].permitted | has[1].permitted | has[0].inheritable |
		       has[1].inheritable) == 0;
}

/* Not when the folder is another user's: then root's rights open it. */
static int
drop_capabilities(const struct host_args *a, struct err *e)
{
	struct stat st;
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
	struct __user_cap_data_struct has[2] = {{0, 0, 0}, {0, 0, 0}};

	if (stat(a->dir, &st) == 0 && st.st_uid != geteuid())
		return 0;
	/* What is not there need not be dropped: a service manager that left us
	 * without any may forbid the call. */
	if (syscall(SYS_capget, &head, has) == 0 && has_none(has))
		return 0;
	if (syscall(SYS_capset, &head, none) != 0)
		return err_sys(e, ERR_UNAVAILABLE, "cannot drop capabilities");
	return 0;
}

int
host_sandbox(const struct host_args *a, bool *confined, struct err *e)
{
	struct rlimit no_core = {0, 0};
	int r;

	if (setrlimit(RLIMIT_CORE, &no_core) != 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_sys(e, ERR_UNAVAILABLE, "cannot lower its rights");
	r = confine(a, confined, e);
	return r != 0 ? r : drop_capabilities(a, e);
}
