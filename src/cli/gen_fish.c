#include <string.h>

#include "cli/gen.h"

static const char program[] =
	"# The words of the command so far, without options and their values.\n"
	"function __sluice_words\n"
	"    set -l skip\n"
	"    for word in (commandline -opc)[2..-1]\n"
	"        if set -q skip[1]\n"
	"            set -e skip\n"
	"            set -l skip\n"
	"        else if string match -q -- '--*=*' $word\n"
	"            continue\n"
	"        else if contains -- $word $__sluice_valued\n"
	"            set skip 1\n"
	"        else if not string match -q -- '-*' $word\n"
	"            echo $word\n"
	"        end\n"
	"    end\n"
	"end\n"
	"\n"
	"function __sluice_first\n"
	"    test (count (__sluice_words)) -eq 0\n"
	"end\n"
	"\n"
	"function __sluice_second\n"
	"    set -l words (__sluice_words)\n"
	"    test (count $words) -eq 1; and test \"$words[1]\" = $argv[1]\n"
	"end\n"
	"\n"
	"function __sluice_in\n"
	"    set -l words (__sluice_words)\n"
	"    set -l wanted (string split ' ' -- $argv[1])\n"
	"    test (count $words) -ge (count $wanted)\n"
	"    and test \"$words[1..\"(count $wanted)\"]\" = \"$wanted\"\n"
	"end\n\n";

static void
put_names(struct buf *b)
{
	const struct conf_row *row;

	buf_append_lit(b, "set -g __sluice_valued");
	for (const struct cli_command *k = cli_commands; k->name != NULL; k++)
		for (const struct cli_option *o = k->options;
			o != NULL && o->name != NULL; o++)
			if (o->arg != NULL)
				buf_printf(b, " --%s", o->name);
	for (const struct cli_option *o = cli_common_options; o->name != NULL;
		o++)
		if (o->arg != NULL)
			buf_printf(b, " --%s", o->name);
	buf_append_lit(b, "\nset -g __sluice_settings");
	for (int i = 0; (row = conf_row_at(i)) != NULL; i++)
		buf_printf(b, " %s", row->name);
	buf_append_lit(b, "\n\n");
}

/* Every setting with = behind it, or with each value it may have. */
static void
put_values(struct buf *b)
{
	const struct conf_row *row;
	struct buf words;

	buf_init(&words, GEN_FILE_MAX_BYTES);
	buf_append_lit(b, "function __sluice_values\n"
			  "    printf '%s=\\n' $__sluice_settings\n");
	for (int i = 0; (row = conf_row_at(i)) != NULL; i++) {
		bool is_bool = strcmp(row->type, "bool") == 0;

		if (!is_bool && strcmp(row->type, "choice") != 0)
			continue;
		buf_reset(&words);
		gen_words(&words, is_bool ? "true, false" : row->allowed);
		buf_printf(b, "    printf '%s=%%s\\n' ", row->name);
		buf_append_slice(b, buf_slice(&words));
		buf_append_char(b, '\n');
	}
	buf_append_lit(b, "end\n\n");
	buf_fini(&words);
}

static void
put_kind(struct buf *b, const char *arg, bool is_option)
{
	switch (gen_kind_of(arg)) {
	case GEN_TEXT:
		buf_append_str(b, is_option ? " -x" : "");
		return;
	case GEN_DIR:
		buf_append_str(b, is_option ? " -x" : "");
		buf_append_lit(b, " -a '(__fish_complete_directories)'");
		return;
	case GEN_FILE:
		buf_append_str(b, is_option ? " -r -F" : " -F");
		return;
	case GEN_SETTING:
		buf_append_str(b, is_option ? " -x" : "");
		buf_append_lit(b, " -a '(__sluice_values)'");
		return;
	case GEN_KEY:
		buf_append_lit(b, " -a '$__sluice_settings'");
		return;
	case GEN_CHOICE:
		buf_append_str(b, is_option ? " -x" : "");
		buf_append_lit(b, " -a '");
		gen_words(b, arg);
		buf_append_char(b, '\'');
		return;
	}
}

static void
put_option(struct buf *b, const struct cli_option *o)
{
	buf_printf(b, " -l %s", o->name);
	if (o->arg != NULL)
		put_kind(b, o->arg, true);
	buf_append_lit(b, " -d ");
	gen_quote(b, o->help);
	buf_append_char(b, '\n');
}

static void
put_command(struct buf *b, const struct cli_command *k)
{
	const char *second = gen_second_word(k);
	char brief[GEN_LINE_MAX];

	gen_brief(k->help, brief);
	if (second == NULL)
		buf_printf(b, "complete -c sluice -n __sluice_first -a %s -d ",
			k->name);
	else
		buf_printf(b,
			"complete -c sluice -n '__sluice_second %.*s' -a %s "
			"-d ",
			(int)(second - k->name - 1), k->name, second);
	gen_quote(b, brief);
	buf_append_char(b, '\n');
	for (const struct cli_option *o = k->options;
		o != NULL && o->name != NULL; o++) {
		buf_printf(b, "complete -c sluice -n '__sluice_in \"%s\"'",
			k->name);
		put_option(b, o);
	}
	if (gen_kind_of(k->args) == GEN_TEXT)
		return;
	buf_printf(b, "complete -c sluice -n '__sluice_in \"%s\"'", k->name);
	put_kind(b, k->args, false);
	buf_append_char(b, '\n');
}

void
gen_fish(struct buf *b)
{
	char group[GEN_LINE_MAX];

	buf_append_lit(b,
		"# Completion of sluice for fish, made by \"sluice completion "
		"fish\".\n\n");
	put_names(b);
	buf_append_str(b, program);
	put_values(b);
	buf_append_lit(b, "complete -c sluice -f\n");
	for (const struct cli_option *o = cli_common_options; o->name != NULL;
		o++) {
		buf_append_lit(b, "complete -c sluice");
		put_option(b, o);
	}
	for (int i = 0; gen_group_at(i, group) != NULL; i++)
		buf_printf(b, "complete -c sluice -n __sluice_first -a %s\n",
			group);
	for (const struct cli_command *k = cli_commands; k->name != NULL; k++)
		put_command(b, k);
}
