#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cmd.h"
#include "cli/gen.h"

#define PATH_BYTES 4096

static int
print(struct buf *b)
{
	bool bad = b->failed || fwrite(b->p, 1, b->len, stdout) != b->len;

	buf_fini(b);
	return bad ? CLI_FAILED : CLI_DONE;
}

int
cmd_config_template(struct cli *c)
{
	struct buf b;

	buf_init(&b, GEN_FILE_MAX_BYTES);
	if (cli_has(c, "markdown"))
		gen_settings_page(&b);
	else
		gen_conf(&b);
	return print(&b);
}

static const struct {
	const char *name, *file;
	void (*fn)(struct buf *b);
} shells[] = {
	{"bash", "completion/sluice.bash", gen_bash},
	{"fish", "completion/sluice.fish", gen_fish},
	{"zsh", "completion/_sluice", gen_zsh},
};

int
cmd_completion(struct cli *c)
{
	struct buf b;

	for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
		if (strcmp(c->args[0], shells[i].name) != 0)
			continue;
		buf_init(&b, GEN_FILE_MAX_BYTES);
		shells[i].fn(&b);
		return print(&b);
	}
	return cli_usage_error(c,
		"unknown shell '%s': bash, fish and zsh are known", c->args[0]);
}

/* Writes the file name below dir; frees b. */
static int
keep(const char *dir, const char *name, struct buf *b, struct err *e)
{
	char path[PATH_BYTES];
	int rc = file_join(path, sizeof(path), dir, name, e);

	if (rc == 0 && b->failed)
		rc = err_set(e, ERR_NO_MEMORY, "no memory for %s", name);
	if (rc == 0)
		rc = file_replace(path, 0644, b->p, b->len, e);
	buf_fini(b);
	return rc;
}

static int
make_folders(const char *dir, struct err *e)
{
	static const char *const below[] = {
		"", "/man1", "/man5", "/completion"};
	char path[PATH_BYTES];

	for (size_t i = 0; i < ARRAY_LEN(below); i++) {
		int n = snprintf(path, sizeof(path), "%s%s", dir, below[i]);

		if (n < 0 || (size_t)n >= sizeof(path))
			return err_set(
				e, ERR_TOO_BIG, "%.60s is too long", dir);
		if (mkdir(path, 0755) != 0 && errno != EEXIST)
			return err_sys(e, ERR_IO, "%s", path);
	}
	return 0;
}

static int
keep_pages(const char *dir, struct err *e)
{
	char group[GEN_LINE_MAX], name[GEN_LINE_MAX + 20];
	struct buf b;
	int rc;

	buf_init(&b, GEN_FILE_MAX_BYTES);
	gen_man_main(&b);
	rc = keep(dir, "man1/sluice.1", &b, e);
	for (int i = 0; rc == 0 && gen_group_at(i, group) != NULL; i++) {
		snprintf(name, sizeof(name), "man1/sluice-%s.1", group);
		buf_init(&b, GEN_FILE_MAX_BYTES);
		gen_man_group(&b, group);
		rc = keep(dir, name, &b, e);
	}
	buf_init(&b, GEN_FILE_MAX_BYTES);
	gen_man_conf(&b);
	return rc == 0 ? keep(dir, "man5/sluice.conf.5", &b, e) : rc;
}

/* Everything that is installed, and the page of settings. */
static int
keep_all(const char *dir, struct err *e)
{
	struct buf b;
	int rc = make_folders(dir, e);

	if (rc == 0)
		rc = keep_pages(dir, e);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(shells); i++) {
		buf_init(&b, GEN_FILE_MAX_BYTES);
		shells[i].fn(&b);
		rc = keep(dir, shells[i].file, &b, e);
	}
	if (rc != 0)
		return rc;
	buf_init(&b, GEN_FILE_MAX_BYTES);
	gen_settings_page(&b);
	rc = keep(dir, "settings.md", &b, e);
	if (rc != 0)
		return rc;
	buf_init(&b, GEN_FILE_MAX_BYTES);
	gen_conf(&b);
	return keep(dir, "sluice.conf", &b, e);
}

static int
print_page(struct cli *c, const char *name)
{
	char group[GEN_LINE_MAX];
	struct buf b;

	buf_init(&b, GEN_FILE_MAX_BYTES);
	if (strcmp(name, "sluice") == 0) {
		gen_man_main(&b);
		return print(&b);
	}
	if (strcmp(name, "sluice.conf") == 0) {
		gen_man_conf(&b);
		return print(&b);
	}
	if (strncmp(name, "sluice-", 7) == 0)
		name += 7;
	for (int i = 0; gen_group_at(i, group) != NULL; i++) {
		if (strcmp(name, group) == 0) {
			gen_man_group(&b, group);
			return print(&b);
		}
	}
	buf_fini(&b);
	return cli_usage_error(c,
		"there is no page '%s': sluice, sluice.conf or the first word "
		"of a command",
		name);
}

int
cmd_manual(struct cli *c)
{
	const char *dir = cli_opt(c, "out");
	struct err e;

	if (dir == NULL)
		return print_page(c, c->n_args == 0 ? "sluice" : c->args[0]);
	if (c->n_args > 0)
		return cli_usage_error(c, "--out writes all pages: name none");
	return keep_all(dir, &e) < 0 ? cli_fail(c, &e) : CLI_DONE;
}
