#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/gen.h"

/* mdoc(7) source. */

/*
 * Text as groff prints it letter by letter: no control line, no escapes, and
 * dashes that can be copied.
 */
static void
put_text(struct buf *b, const char *text)
{
	if (*text == '.' || *text == '\'')
		buf_append_lit(b, "\\&");
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			buf_append_lit(b, "\\e");
		else if (*text == '-')
			buf_append_lit(b, "\\-");
		else if (text[0] == ',' && text[1] > ' ')
			buf_append_lit(b, ",\\:"); /* may break here */
		else if (text[0] == '.' && text[1] == ' ' &&
			 isupper((unsigned char)text[2])) {
			buf_append_lit(b, ".\n");
			text++;
		} else
			buf_append_char(b, *text);
	}
}

static void
put_sentence(struct buf *b, const char *text)
{
	size_t n = strlen(text);

	put_text(b, text);
	buf_append_str(b, n > 0 && text[n - 1] == '.' ? "\n" : ".\n");
}

/* One word behind a macro: never a macro itself, nor a delimiter. */
static void
put_word(struct buf *b, const char *text, size_t n)
{
	buf_append_lit(b, " \\&");
	for (size_t i = 0; i < n; i++)
		if (text[i] == '\\')
			buf_append_lit(b, "\\e");
		else if (text[i] == '-')
			buf_append_lit(b, "\\-");
		else
			buf_append_char(b, text[i]);
}

/* The date of the source if the build tells it, so that builds repeat. */
static void
put_head(struct buf *b, const char *title, int section)
{
	static const char *const months[] = {"January", "February", "March",
		"April", "May", "June", "July", "August", "September",
		"October", "November", "December"};
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	int64_t at_s = clock_now_us() / 1000000;
	struct clock_civil c;

	if (epoch != NULL)
		(void)cli_number(epoch, 0, INT32_MAX, &at_s);
	clock_to_civil(at_s * 1000000, &c);
	buf_printf(
		b, ".Dd %s %d, %d\n.Dt ", months[c.month - 1], c.day, c.year);
	for (; *title != '\0'; title++)
		buf_append_char(b, (char)toupper((unsigned char)*title));
	buf_printf(b, " %d\n.Os \"Sluice %s\"\n", section, PACKAGE_VERSION);
}

static void
put_option(struct buf *b, const struct cli_option *o)
{
	buf_printf(b, ".It Fl \\-%s", o->name);
	if (o->arg != NULL) {
		buf_append_lit(b, " Ar");
		put_word(b, o->arg, strlen(o->arg));
	}
	buf_append_char(b, '\n');
	put_sentence(b, o->help);
}

static void
put_options(struct buf *b, const struct cli_option *list,
	const struct cli_command *hide)
{
	buf_append_lit(b, ".Bl -tag -width Ds\n");
	for (; list != NULL && list->name != NULL; list++)
		if (hide == NULL || !gen_hides(hide, list->name))
			put_option(b, list);
	buf_append_lit(b, ".El\n");
}

/* "TYPE KEY", "[ID...]" as arguments. */
static void
put_args(struct buf *b, const char *args)
{
	while (*args != '\0') {
		size_t n = strcspn(args, " ");

		if (n > 2 && args[0] == '[' && args[n - 1] == ']') {
			buf_append_lit(b, ".Op Ar");
			put_word(b, args + 1, n - 2);
		} else {
			buf_append_lit(b, ".Ar");
			put_word(b, args, n);
		}
		buf_append_char(b, '\n');
		args += n + (args[n] == ' ');
	}
}

static void
put_ending(struct buf *b)
{
	buf_append_lit(b,
		".Sh EXIT STATUS\n"
		"0 done, 1 failed (one line on standard error says what, on "
		"what, and what to do),\n2 wrong usage.\n");
}

static void
put_command(struct buf *b, const struct cli_command *k)
{
	buf_append_lit(b, ".Ss sluice");
	put_word(b, k->name, strlen(k->name));
	buf_append_char(b, '\n');
	put_sentence(b, k->help);
	if (k->offline)
		buf_append_lit(b,
			"It needs no daemon; where one runs on the data "
			"folder, it is asked.\n");
	else
		buf_append_lit(
			b, "It needs a daemon running on the data folder.\n");
	if (k->options != NULL && k->options->name != NULL)
		put_options(b, k->options, NULL);
}

static void
put_name(struct buf *b, const char *title, const char *group)
{
	bool first = true;

	buf_printf(b, ".Sh NAME\n.Nm %s\n.Nd ", title);
	for (const struct cli_command *k = cli_commands; k->name != NULL; k++) {
		char brief[GEN_LINE_MAX];

		if (!gen_in_group(k, group))
			continue;
		gen_brief(k->help, brief);
		brief[0] = (char)tolower((unsigned char)brief[0]);
		if (!first)
			buf_append_lit(b, "; ");
		put_text(b, brief);
		first = false;
	}
	buf_append_char(b, '\n');
}

void
gen_man_group(struct buf *b, const char *group)
{
	char title[GEN_LINE_MAX];

	snprintf(title, sizeof(title), "sluice-%s", group);
	put_head(b, title, 1);
	put_name(b, title, group);
	buf_append_lit(b, ".Sh SYNOPSIS\n");
	for (const struct cli_command *k = cli_commands; k->name != NULL; k++) {
		if (!gen_in_group(k, group))
			continue;
		buf_append_lit(b, ".Nm sluice");
		put_word(b, k->name, strlen(k->name));
		buf_append_lit(b, "\n.Op Ar options\n");
		put_args(b, k->args);
	}
	buf_append_lit(b, ".Sh DESCRIPTION\n");
	for (const struct cli_command *k = cli_commands; k->name != NULL; k++)
		if (gen_in_group(k, group))
			put_command(b, k);
	buf_append_lit(b, ".Ss Options of all commands\n");
	put_options(b, cli_common_options, NULL);
	put_ending(b);
	buf_append_lit(b, ".Sh SEE ALSO\n.Xr sluice 1 ,\n");
	if (strcmp(group, "run") != 0)
		buf_append_lit(b, ".Xr sluice\\-run 1 ,\n");
	buf_append_lit(b, ".Xr sluice.conf 5\n");
}

static const char main_text[] =
	".Sh DESCRIPTION\n"
	"Sluice takes in the analytics events of unmodified PostHog SDKs over "
	"HTTP, keeps\n"
	"persons and groups, serves every hop as a Kafka topic and makes the "
	"events\n"
	"visible in ClickHouse.\n"
	".Nm sluice Cm run\n"
	"is the daemon; all other commands talk to it over the socket in its "
	"data folder,\n"
	"or work on the files of that folder while none runs.\n"
	"Data goes to standard output, everything else to standard error.\n";

static const char main_more[] =
	".Sh ENVIRONMENT\n"
	".Bl -tag -width Ds\n"
	".It Ev SLUICE_SECTION_NAME\n"
	"A setting: upper case, every other character than letters and digits "
	"an underscore,\n"
	"as in\n.Ev SLUICE_CAPTURE_LISTEN\nfor capture.listen.\n"
	".It Ev CREDENTIALS_DIRECTORY\n"
	"Where the files of\n.Ql credential:NAME\nstand.\n"
	".It Ev NOTIFY_SOCKET , WATCHDOG_USEC , LISTEN_FDS , LISTEN_FDNAMES\n"
	"The protocols of\n.Xr systemd 1 ;\nthe names of passed sockets are\n"
	".Ql capture ,\n.Ql capture\\-tls\nand\n.Ql admin .\n"
	".El\n"
	".Sh FILES\n"
	".Bl -tag -width Ds\n"
	".It Pa /etc/sluice/sluice.conf\n"
	"Settings, see\n.Xr sluice.conf 5 .\n"
	".It Pa /var/lib/sluice\n"
	"The data folder.\n"
	".It Pa /var/lib/sluice/sluice.sock\n"
	"Where the daemon takes commands; its owner and root only.\n"
	".El\n";

static const char main_examples[] =
	".Sh EXAMPLES\n"
	"A daemon to try things with, and what it has taken in:\n"
	".Bd -literal -offset indent\n"
	"sluice run \\-\\-demo \\-\\-data ./sluice\\-data\n"
	"sluice sql \\-\\-data ./sluice\\-data \"SELECT event FROM events\"\n"
	".Ed\n"
	".Pp\n"
	"Why events do not show up:\n"
	".Dl sluice doctor\n";

/* The pages of all commands, in the order of the alphabet. */
static void
put_pages(struct buf *b)
{
	char group[GEN_LINE_MAX], last[GEN_LINE_MAX] = "", next[GEN_LINE_MAX];

	for (;;) {
		next[0] = '\0';
		for (int i = 0; gen_group_at(i, group) != NULL; i++)
			if (strcmp(group, last) > 0 &&
				(next[0] == '\0' || strcmp(group, next) < 0))
				memcpy(next, group, sizeof(next));
		if (next[0] == '\0')
			return;
		buf_printf(b, ".Xr sluice\\-%s 1 ,\n", next);
		memcpy(last, next, sizeof(last));
	}
}

void
gen_man_main(struct buf *b)
{
	put_head(b, "sluice", 1);
	buf_append_lit(b,
		".Sh NAME\n.Nm sluice\n"
		".Nd self-hosted appliance that takes in analytics events\n"
		".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar options\n"
		".Op Ar arguments\n.Nm\n.Op Ar command\n.Fl \\-help\n");
	buf_append_str(b, main_text);
	buf_append_lit(b, ".Sh COMMANDS\n.Bl -tag -width Ds\n");
	for (const struct cli_command *k = cli_commands; k->name != NULL; k++) {
		buf_append_lit(b, ".It Cm");
		put_word(b, k->name, strlen(k->name));
		buf_append_char(b, '\n');
		put_sentence(b, k->help);
	}
	buf_append_lit(b, ".El\n.Sh OPTIONS\n");
	put_options(b, cli_common_options, NULL);
	buf_append_str(b, main_more);
	put_ending(b);
	buf_append_str(b, main_examples);
	buf_append_lit(b, ".Sh SEE ALSO\n");
	put_pages(b);
	buf_append_lit(b, ".Xr sluice.conf 5\n");
}

static const char conf_page[] =
	".Sh DESCRIPTION\n"
	"The file is read at the start of\n.Xr sluice\\-run 1\n"
	"and at SIGHUP, and by commands that work on the files.\n"
	"A line is\n.Ql section.name = value ;\n"
	"below a line\n.Ql [section]\nthe section may be left out.\n"
	"Lines that begin with\n.Ql #\nor\n.Ql \\&;\nare comments.\n"
	"A line holds at most 198 bytes; longer lists stand in a file.\n"
	"An unknown name or a value out of range stops the start and says "
	"which.\n"
	".Pp\n"
	"A value comes from the first of: the option\n.Fl \\-set ,\n"
	"the environment\n.Pq Ev SLUICE_CAPTURE_LISTEN No for capture.listen ,"
	"\nthis file, the admin, the default.\n"
	".Pp\n"
	"Sizes take the units k, m, g, t (powers of 1024), times ms, s, min, "
	"h, d.\n"
	"A list is separated by commas.\n"
	"A list may be given as\n.Ql file:/path ,\n"
	"one or several elements a line.\n"
	"A secret may be given as\n.Ql file:/path\nor\n"
	".Ql credential:NAME\n(see\n.Sx CREDENTIALS ) ;\n"
	"the first line counts.\n"
	".Sh SETTINGS\n"
	".Bl -tag -width Ds\n";

static const char conf_more[] =
	".El\n"
	".Sh CREDENTIALS\n"
	".Ql credential:NAME\n"
	"is the file NAME of the folder in\n.Ev CREDENTIALS_DIRECTORY ,\n"
	"which the service manager makes for\n.Ql LoadCredential= ;\n"
	"without that variable, of the running service\n"
	".Pq Pa /run/credentials/sluice.service .\n"
	"For a secret it stands for the first line of the file, for a path "
	"such as\n"
	"capture.tls_key for where the file is.\n"
	".Sh FILES\n"
	".Bl -tag -width Ds\n"
	".It Pa /etc/sluice/sluice.conf\n"
	".El\n"
	".Sh EXAMPLES\n"
	".Bd -literal -offset indent\n"
	"capture.listen = 0.0.0.0:8000\n"
	"spool.max_bytes = 20g\n"
	"postgres.url = credential:postgres\n"
	".Ed\n"
	".Sh SEE ALSO\n"
	".Xr sluice 1 ,\n"
	".Xr sluice\\-config 1\n";

void
gen_man_conf(struct buf *b)
{
	char range[GEN_LINE_MAX], def[GEN_LINE_MAX];
	const struct conf_row *row;

	put_head(b, "sluice.conf", 5);
	buf_append_lit(b, ".Sh NAME\n.Nm sluice.conf\n.Nd settings of Sluice\n"
			  ".Sh SYNOPSIS\n.Nm /etc/sluice/sluice.conf\n");
	buf_append_str(b, conf_page);
	for (int i = 0; (row = conf_row_at(i)) != NULL; i++) {
		gen_range(row, range);
		gen_default(row, def);
		buf_append_lit(b, ".It Ic");
		put_word(b, row->name, strlen(row->name));
		buf_append_char(b, '\n');
		put_sentence(b, row->help);
		buf_append_lit(b, ".br\nType: ");
		put_text(b, row->type);
		if (range[0] != '\0') {
			buf_append_lit(b, ", ");
			put_text(b, range);
		}
		buf_append_lit(b, ".\nDefault: ");
		put_text(b, def);
		buf_printf(b, ".\nApplies %s.\n", gen_applies(row));
	}
	buf_append_str(b, conf_more);
}
