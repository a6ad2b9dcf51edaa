#include "cli/gen.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copies the first word of a command's name. */
static void
first_word(const char *name, char out[GEN_LINE_MAX])
{
	snprintf(out, GEN_LINE_MAX, "%.*s", (int)strcspn(name, " "), name);
}

bool
gen_in_group(const struct cli_command *k, const char *group)
{
	size_t n = strlen(group);

	return strncmp(k->name, group, n) == 0 &&
	       (k->name[n] == ' ' || k->name[n] == '\0');
}

const char *
gen_group_at(int i, char out[GEN_LINE_MAX])
{
	const struct cli_command *k, *before;

	for (k = cli_commands; k->name != NULL; k++) {
		first_word(k->name, out);
		for (before = cli_commands; before < k; before++)
			if (gen_in_group(before, out))
				break;
		if (before == k && i-- == 0)
			return out;
	}
	return NULL;
}

const char *
gen_second_word(const struct cli_command *k)
{
	const char *blank = strchr(k->name, ' ');

	return blank == NULL ? NULL : blank + 1;
}

bool
gen_hides(const struct cli_command *k, const char *name)
{
	for (const struct cli_option *o = k->options;
		o != NULL && o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			return true;
	return false;
}

/* A number of the table in the largest unit that leaves it whole. */
static void
amount(const struct conf_row *row, int64_t v, char *out, size_t size)
{
	static const char *const bytes[] = {"", "k", "m", "g", "t"};
	int unit = 0;

	if (strcmp(row->type, "bytes") == 0) {
		while (unit < 4 && v != 0 && v % 1024 == 0) {
			v /= 1024;
			unit++;
		}
		snprintf(out, size, "%lld%s", (long long)v, bytes[unit]);
	} else if (strcmp(row->type, "milliseconds") == 0) {
		bool s = v != 0 && v % 1000 == 0;

		snprintf(out, size, "%lld%s", (long long)(s ? v / 1000 : v),
			s ? "s" : "ms");
	} else if (strcmp(row->type, "seconds") == 0) {
		snprintf(out, size, "%llds", (long long)v);
	} else if (strcmp(row->type, "hours") == 0) {
		bool d = v != 0 && v % 24 == 0;

		snprintf(out, size, "%lld%s", (long long)(d ? v / 24 : v),
			d ? "d" : "h");
	} else {
		snprintf(out, size, "%lld", (long long)v);
	}
}

void
gen_range(const struct conf_row *row, char out[GEN_LINE_MAX])
{
	char low[40], high[40];

	if (row->min == row->max) {
		snprintf(out, GEN_LINE_MAX, "%s", row->allowed);
		return;
	}
	amount(row, row->min, low, sizeof(low));
	amount(row, row->max, high, sizeof(high));
	snprintf(out, GEN_LINE_MAX, "%s to %s", low, high);
}

void
gen_default(const struct conf_row *row, char out[GEN_LINE_MAX])
{
	char text[40];

	if (row->def[0] == '\0') {
		snprintf(out, GEN_LINE_MAX, "empty");
		return;
	}
	if (row->min == row->max || !isdigit((unsigned char)row->def[0])) {
		snprintf(out, GEN_LINE_MAX, "%s", row->def);
		return;
	}
	/* A default with a unit of its own stays as it is. */
	if (row->def[strspn(row->def, "0123456789")] != '\0')
		snprintf(text, sizeof(text), "%s", row->def);
	else
		amount(row, strtoll(row->def, NULL, 10), text, sizeof(text));
	snprintf(out, GEN_LINE_MAX, "%s", text);
}

const char *
gen_applies(const struct conf_row *row)
{
	return row->needs_restart ? "at the start" : "at a reload";
}

/* "a|b": words of small letters. */
static bool
is_choice(const char *arg)
{
	bool bar = false;

	for (const char *p = arg; *p != '\0'; p++) {
		bar |= *p == '|';
		if (*p != '|' && !islower((unsigned char)*p) &&
			!isdigit((unsigned char)*p) && *p != '_' && *p != '-')
			return false;
	}
	return bar;
}

enum gen_kind
gen_kind_of(const char *arg)
{
	if (strcmp(arg, "KEY=VALUE") == 0)
		return GEN_SETTING;
	if (strcmp(arg, "[KEY]") == 0)
		return GEN_KEY;
	if (is_choice(arg))
		return GEN_CHOICE;
	if (strstr(arg, "DIR") != NULL)
		return GEN_DIR;
	return strstr(arg, "FILE") != NULL ? GEN_FILE : GEN_TEXT;
}

void
gen_brief(const char *help, char out[GEN_LINE_MAX])
{
	const char *stop = strstr(help, ". ");
	const char *half = strstr(help, "; ");
	size_t n = strlen(help);

	if (n > 0 && help[n - 1] == '.')
		n--;
	if (stop != NULL)
		n = (size_t)(stop - help);
	if (half != NULL && (size_t)(half - help) < n)
		n = (size_t)(half - help);
	snprintf(out, GEN_LINE_MAX, "%.*s", (int)n, help);
}

void
gen_quote(struct buf *b, const char *text)
{
	buf_append_char(b, '\'');
	for (; *text != '\0'; text++)
		if (*text == '\'')
			buf_append_lit(b, "'\\''");
		else
			buf_append_char(b, *text);
	buf_append_char(b, '\'');
}

void
gen_words(struct buf *b, const char *list)
{
	bool first = true;

	while (*list != '\0') {
		size_t n = strcspn(list, "|, ");

		if (n > 0) {
			if (!first)
				buf_append_char(b, ' ');
			buf_append(b, list, n);
			first = false;
		}
		list += n;
		if (*list != '\0')
			list++;
	}
}
