#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/gen.h"

const struct cli_option cli_common_options[] = {
	{"data", "DIR", "data folder (default /var/lib/sluice)"},
	{"config", "FILE",
		"settings file (default /etc/sluice/sluice.conf if it is "
		"there)"},
	{"set", "KEY=VALUE", "a setting; may be repeated"},
	{"json", NULL, "print JSON"},
	{"help", NULL, "print this help"},
	{NULL, NULL, NULL},
};

static void
print_option(const struct cli_option *o)
{
	char left[64];

	snprintf(left, sizeof(left), "--%s%s%s", o->name,
		o->arg == NULL ? "" : " ", o->arg == NULL ? "" : o->arg);
	printf("  %-24s %s\n", left, o->help);
}

static void
print_usage(const struct cli_command *k)
{
	printf("Usage: sluice %s [options]%s%s\n", k->name,
		k->args[0] == '\0' ? "" : " ", k->args);
}

static void
print_command(const struct cli_command *k)
{
	print_usage(k);
	printf("\n%s\n", k->help);
	if (!k->offline)
		printf("Needs a daemon running on the data folder.\n");
	printf("\nOptions:\n");
	for (const struct cli_option *o = k->options;
		o != NULL && o->name != NULL; o++)
		print_option(o);
	for (const struct cli_option *o = cli_common_options; o->name != NULL;
		o++)
		if (!gen_hides(k, o->name))
			print_option(o);
	printf("\nExit status: 0 done, 1 failed, 2 wrong usage.\n");
}

int
cli_help(const struct cli_command *command, const char *group)
{
	size_t n = strlen(group);
	bool all = n == 0 || group[0] == '-';

	if (command != NULL) {
		print_command(command);
		return CLI_DONE;
	}
	printf("Usage: sluice %s [options] [arguments]\n\nCommands:\n",
		all ? "COMMAND" : group);
	for (const struct cli_command *k = cli_commands; k->name != NULL; k++)
		if (all ||
			(strncmp(k->name, group, n) == 0 && k->name[n] == ' '))
			printf("  %-22s %s\n", k->name, k->help);
	printf("\nOptions of all commands:\n");
	for (const struct cli_option *o = cli_common_options; o->name != NULL;
		o++)
		print_option(o);
	printf("\n'sluice COMMAND --help' says more.\n");
	return CLI_DONE;
}
