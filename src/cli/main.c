#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/words.h"

static const struct cli_option *
find_option(const struct cli_option *list, const char *name, size_t len)
{
	for (; list != NULL && list->name != NULL; list++)
		if (strlen(list->name) == len &&
			memcmp(list->name, name, len) == 0)
			return list;
	return NULL;
}

/* Words of the command's name that argv begins with; 0: another command. */
static int
match_words(const struct cli_command *cmd, int argc, char **argv)
{
	const char *blank = strchr(cmd->name, ' ');
	size_t first =
		blank == NULL ? strlen(cmd->name) : (size_t)(blank - cmd->name);

	if (argc < 1 || strlen(argv[0]) != first ||
		memcmp(argv[0], cmd->name, first) != 0)
		return 0;
	if (blank == NULL)
		return 1;
	return argc > 1 && strcmp(argv[1], blank + 1) == 0 ? 2 : 0;
}

static bool
is_group(const char *word)
{
	size_t n = strlen(word);

	for (const struct cli_command *k = cli_commands; k->name != NULL; k++)
		if (strncmp(k->name, word, n) == 0 && k->name[n] == ' ')
			return true;
	return false;
}

static int
find_command(int argc, char **argv, struct cli *c, struct err *e)
{
	struct words_best best;

	words_best_init(&best, argv[0]);
	for (const struct cli_command *k = cli_commands; k->name != NULL; k++) {
		int n = match_words(k, argc, argv);

		if (n > 0) {
			c->command = k;
			return n;
		}
		words_best_try(&best, k->name);
	}
	if (is_group(argv[0]))
		return argc < 2 || argv[1][0] == '-'
			       ? err_set(e, ERR_INVALID,
					 "say what to do: see "
					 "sluice %s --help",
					 argv[0])
			       : err_set(e, ERR_INVALID,
					 "unknown command '%s %s': see sluice "
					 "%s "
					 "--help",
					 argv[0], argv[1], argv[0]);
	if (best.word != NULL)
		return err_set(e, ERR_INVALID,
			"unknown command '%s'; did you mean '%s'? See sluice "
			"--help",
			argv[0], best.word);
	return err_set(e, ERR_INVALID,
		"unknown command '%s': see sluice --help", argv[0]);
}

/* An option of the command hides the common one of the same name. */
static int
keep_option(struct cli *c, const struct cli_option *o, bool own,
	const char *value, struct err *e)
{
	if (c->n_given == CLI_OPTIONS_MAX || c->n_set == CLI_OPTIONS_MAX)
		return err_set(e, ERR_INVALID, "more than %d options",
			CLI_OPTIONS_MAX);
	if (own)
		c->given[c->n_given++] = (struct cli_given){o->name, value};
	else if (strcmp(o->name, "data") == 0)
		c->data = value;
	else if (strcmp(o->name, "config") == 0)
		c->config = value;
	else if (strcmp(o->name, "set") == 0)
		c->set[c->n_set++] = value;
	else if (strcmp(o->name, "json") == 0)
		c->json = true;
	return 0;
}

static int
unknown_option(const struct cli *c, const char *name, struct err *e)
{
	struct words_best best;
	const struct cli_option *lists[2] = {
		c->command == NULL ? NULL : c->command->options,
		cli_common_options};

	words_best_init(&best, name);
	for (int i = 0; i < 2; i++)
		for (const struct cli_option *o = lists[i];
			o != NULL && o->name != NULL; o++)
			words_best_try(&best, o->name);
	if (best.word != NULL)
		return err_set(e, ERR_INVALID,
			"unknown option --%s; did you mean --%s?", name,
			best.word);
	return err_set(e, ERR_INVALID, "unknown option --%s", name);
}

/* Takes the option at argv[0]; returns how many words it was. */
static int
take_option(struct cli *c, int argc, char **argv, bool *help, struct err *e)
{
	const char *name = argv[0] + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals == NULL ? strlen(name) : (size_t)(equals - name);
	const struct cli_option *o =
		c->command == NULL
			? NULL
			: find_option(c->command->options, name, len);
	bool own = o != NULL;
	const char *value = equals == NULL ? NULL : equals + 1;
	int used = 1;
	int rc;

	if (len == 4 && memcmp(name, "help", 4) == 0) {
		*help = true;
		return 1;
	}
	if (o == NULL)
		o = find_option(cli_common_options, name, len);
	if (o == NULL)
		return unknown_option(c, name, e);
	if (o->arg == NULL && value != NULL)
		return err_set(e, ERR_INVALID, "--%s takes no value", o->name);
	if (o->arg != NULL && value == NULL) {
		if (argc < 2)
			return err_set(e, ERR_INVALID, "--%s needs a value: %s",
				o->name, o->arg);
		value = argv[1];
		used = 2;
	}
	rc = keep_option(c, o, own, value, e);
	return rc < 0 ? rc : used;
}

static int
check_args(const struct cli *c, struct err *e)
{
	const struct cli_command *k = c->command;

	if (c->n_args < k->min_args)
		return err_set(e, ERR_INVALID,
			"an argument is missing: usage: "
			"sluice %s %s",
			k->name, k->args);
	if (k->max_args >= 0 && c->n_args > k->max_args)
		return err_set(e, ERR_INVALID,
			"unexpected argument '%s': usage: "
			"sluice %s%s%s",
			c->args[k->max_args], k->name,
			k->args[0] == '\0' ? "" : " ", k->args);
	return 0;
}

int
cli_parse(int argc, char **argv, struct cli *c, bool *help, struct err *e)
{
	bool only_args = false;
	int i = 0;

	while (i < argc) {
		int n;

		if (!only_args && strcmp(argv[i], "--") == 0) {
			only_args = true;
			n = 1;
		} else if (!only_args && strcmp(argv[i], "-h") == 0) {
			*help = true;
			n = 1;
		} else if (!only_args && strncmp(argv[i], "--", 2) == 0) {
			n = take_option(c, argc - i, argv + i, help, e);
		} else if (c->command == NULL) {
			n = find_command(argc - i, argv + i, c, e);
			if (n < 0 && (*help || (i + 1 < argc &&
						       strcmp(argv[i + 1],
							       "--help") == 0)))
				return 0; /* help of a group of commands */
		} else {
			c->args[c->n_args++] = argv[i];
			n = 1;
		}
		if (n < 0)
			return n;
		i += n;
	}
	return c->command == NULL || *help ? 0 : check_args(c, e);
}

const char *
cli_opt(const struct cli *c, const char *name)
{
	for (int i = c->n_given - 1; i >= 0; i--)
		if (strcmp(c->given[i].name, name) == 0)
			return c->given[i].value;
	return NULL;
}

bool
cli_has(const struct cli *c, const char *name)
{
	for (int i = 0; i < c->n_given; i++)
		if (strcmp(c->given[i].name, name) == 0)
			return true;
	return false;
}

bool
cli_number(const char *text, int64_t min, int64_t max, int64_t *out)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0 || v < min || v > max)
		return false;
	*out = v;
	return true;
}

int
cli_opt_i64(const struct cli *c, const char *name, int64_t min, int64_t max,
	int64_t *out, struct err *e)
{
	const char *text = cli_opt(c, name);

	if (text == NULL || cli_number(text, min, max, out))
		return 0;
	return err_set(e, ERR_INVALID,
		"--%s %s: a whole number from %lld to %lld is wanted", name,
		text, (long long)min, (long long)max);
}

/* cli-1, cli-2 */
int
cli_fail(const struct cli *c, const struct err *e)
{
	fprintf(stderr, "sluice%s%s: %s\n",
		c == NULL || c->command == NULL ? "" : " ",
		c == NULL || c->command == NULL ? "" : c->command->name,
		e->text);
	return CLI_FAILED;
}

int
cli_usage_error(const struct cli *c, const char *fmt, ...)
{
	struct err e;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e.text, sizeof(e.text), fmt, ap);
	va_end(ap);
	(void)cli_fail(c, &e);
	return CLI_USAGE;
}

int
cli_main(int argc, char **argv)
{
	struct cli c = {.data = "/var/lib/sluice"};
	bool help = false;
	struct err e;
	int status;

	if (argc > 1 && cli_child(argv[1]) != NULL)
		return cli_child(argv[1])(argc, argv);
	c.args = mem_xzalloc((size_t)argc + 1, sizeof(*c.args));
	if (cli_parse(argc - 1, argv + 1, &c, &help, &e) < 0)
		status = cli_usage_error(&c, "%s", e.text);
	else if (help || (c.command == NULL && argc > 1 && argv[1][0] != '-'))
		status = cli_help(c.command, argc > 1 ? argv[1] : "");
	else if (c.command == NULL)
		status = cli_usage_error(&c, "say what to do: see --help");
	else
		status = c.command->fn(&c);
	mem_free(c.args);
	return status;
}
