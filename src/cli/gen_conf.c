#include <stdio.h>
#include <string.h>

#include "cli/gen.h"

static const char head[] =
	"# Settings of Sluice. Every setting stands here with its default, "
	"commented\n"
	"# out: take the # away and change the value. See sluice.conf(5).\n"
	"#\n"
	"# A value comes from the first of: --set on the command line, the "
	"environment\n"
	"# (SLUICE_CAPTURE_LISTEN for capture.listen), this file, the admin, "
	"the\n"
	"# default. \"sluice config show\" says which it was.\n"
	"#\n"
	"# Sizes take k, m, g, t (powers of 1024), times ms, s, min, h, d. A "
	"list is\n"
	"# separated by commas. A list or a secret may stand in a file: "
	"file:/path; a\n"
	"# secret or a path also be a credential of the service manager: "
	"credential:NAME.\n"
	"#\n"
	"# After a change: sluice config check, then systemctl reload sluice, "
	"or, where\n"
	"# it says \"at the start\", systemctl restart sluice.\n";

/* A paragraph of comment, wrapped. */
static void
put_wrapped(struct buf *b, const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t n = strcspn(text, " ");

		if (column == 0 || column + 1 + n > GEN_WIDTH) {
			buf_append_str(b, column == 0 ? "# " : "\n# ");
			column = 2;
		} else {
			buf_append_char(b, ' ');
			column++;
		}
		buf_append(b, text, n);
		column += n;
		text += n + (text[n] == ' ');
	}
	buf_append_char(b, '\n');
}

static void
put_facts(struct buf *b, const struct conf_row *row)
{
	char range[GEN_LINE_MAX], def[GEN_LINE_MAX];
	char line[3 * GEN_LINE_MAX];

	gen_range(row, range);
	gen_default(row, def);
	snprintf(line, sizeof(line), "Type: %s%s%s. Default: %s. Applies: %s.",
		row->type, range[0] == '\0' ? "" : ", ", range, def,
		gen_applies(row));
	put_wrapped(b, line);
}

void
gen_conf(struct buf *b)
{
	const struct conf_row *row;
	size_t group = 0;
	const char *before = "";

	buf_append_str(b, head);
	for (int i = 0; (row = conf_row_at(i)) != NULL; i++) {
		size_t n = strcspn(row->name, ".");

		if (n != group || strncmp(before, row->name, n) != 0)
			buf_printf(b, "\n## %.*s ##\n", (int)n, row->name);
		group = n;
		before = row->name;
		buf_append_char(b, '\n');
		put_wrapped(b, row->help);
		put_facts(b, row);
		buf_printf(b, "#%s =%s%s\n", row->name,
			row->def[0] == '\0' ? "" : " ", row->def);
	}
}

/* A cell of a Markdown table. */
static void
put_cell(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '|' || *text == '<' || *text == '*' ||
			*text == '_')
			buf_append_char(b, '\\');
		buf_append_char(b, *text);
	}
}

void
gen_settings_page(struct buf *b)
{
	char range[GEN_LINE_MAX], def[GEN_LINE_MAX];
	const struct conf_row *row;

	buf_append_lit(b,
		"# Table of settings\n\nThis page is made from the table of "
		"settings by "
		"`sluice config template --markdown`.\nA value comes from the "
		"first of: `--set`, the environment\n"
		"(`SLUICE_CAPTURE_LISTEN` for `capture.listen`), the file, the "
		"admin, the default.\n\n"
		"| setting | type, what is allowed | default | applies | help "
		"|\n"
		"|---|---|---|---|---|\n");
	for (int i = 0; (row = conf_row_at(i)) != NULL; i++) {
		gen_range(row, range);
		gen_default(row, def);
		buf_printf(b, "| `%s` | %s%s", row->name, row->type,
			range[0] == '\0' ? "" : ": ");
		put_cell(b, range);
		buf_printf(b, " | %s%s%s | %s | ",
			row->def[0] == '\0' ? "" : "`", def,
			row->def[0] == '\0' ? "" : "`", gen_applies(row));
		put_cell(b, row->help);
		buf_append_lit(b, " |\n");
	}
}
