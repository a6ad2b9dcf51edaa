#ifndef SLUICE_CLI_CLI_H
#define SLUICE_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The command line. One table (commands.c) says what commands and options
 * there are; usage, help, errors and the manual come from it.
 */
#define CLI_OPTIONS_MAX 256 /* options given in one command line */
#define CLI_DONE 0
#define CLI_FAILED 1
#define CLI_USAGE 2

struct cli;

struct cli_option {
	const char *name; /* without the dashes */
	const char *arg; /* NULL: takes no value */
	const char *help;
};

/* To add one: add a row to cli_commands and its function. */
struct cli_command {
	const char *name; /* one or two words */
	const char *args; /* shown in usage */
	int min_args, max_args; /* max -1: any number */
	const struct cli_option *options; /* ends with name NULL; NULL: none */
	bool offline; /* works on the files when no daemon runs */
	const char *help;
	int (*fn)(struct cli *c); /* CLI_DONE, CLI_FAILED, CLI_USAGE */
};
extern const struct cli_command cli_commands[];
extern const struct cli_option cli_common_options[];

struct cli_given {
	const char *name;
	const char *value; /* NULL for flags */
};

struct cli {
	const struct cli_command *command;
	const char *data; /* the data folder */
	const char *config; /* NULL: the default file */
	const char *set[CLI_OPTIONS_MAX + 1]; /* --set, ends with NULL */
	int n_set;
	bool json;
	struct cli_given given[CLI_OPTIONS_MAX]; /* the command's own options */
	int n_given;
	const char **args;
	int n_args;
};

/* The whole program; returns the exit status. */
int cli_main(int argc, char **argv);
/* Fills c from the words after the program's name. 0; CLI_USAGE with the reason
 * in e; help: *help is set instead. */
MUST_CHECK int cli_parse(
	int argc, char **argv, struct cli *c, bool *help, struct err *e);
/* The last value of an option of the command, NULL if not given. */
const char *cli_opt(const struct cli *c, const char *name);
bool cli_has(const struct cli *c, const char *name);
/* An option that is a number of min..max; *out is untouched if not given. */
MUST_CHECK int cli_opt_i64(const struct cli *c, const char *name, int64_t min,
	int64_t max, int64_t *out, struct err *e);
/* The whole text is a number of min..max. */
bool cli_number(const char *text, int64_t min, int64_t max, int64_t *out);
/* Prints "sluice NAME: text" on stderr and returns the status. */
int cli_fail(const struct cli *c, const struct err *e);
int cli_usage_error(const struct cli *c, const char *fmt, ...) PRINTF(2, 3);
/* Help of one command, or of all when command is NULL. */
int cli_help(const struct cli_command *command, const char *group);
/* Programs that the daemon starts as its children: main() of one, or NULL. */
int (*cli_child(const char *word))(int argc, char **argv);

#endif
