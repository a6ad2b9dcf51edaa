#include <string.h>

#include "cli/gen.h"

/* Text inside a specification of _arguments or _describe, in quotes. */
static void
put_spec_text(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("[]:\\", *text) != NULL)
			buf_append_char(b, '\\');
		if (*text == '\'')
			buf_append_lit(b, "'\\''");
		else
			buf_append_char(b, *text);
	}
}

static void
put_kind(struct buf *b, const char *arg)
{
	switch (gen_kind_of(arg)) {
	case GEN_TEXT:
		buf_append_char(b, ' ');
		return;
	case GEN_DIR:
		buf_append_lit(b, "_files -/");
		return;
	case GEN_FILE:
		buf_append_lit(b, "_files");
		return;
	case GEN_SETTING:
		buf_append_lit(b, "_sluice_values");
		return;
	case GEN_KEY:
		buf_append_lit(b, "{compadd -a _sluice_settings}");
		return;
	case GEN_CHOICE:
		buf_append_char(b, '(');
		gen_words(b, arg);
		buf_append_char(b, ')');
		return;
	}
}

/* '*--name=[help]:ARG:what completes it' */
static void
put_option(struct buf *b, const struct cli_option *o)
{
	buf_printf(b, "\t\t'*--%s%s[", o->name, o->arg == NULL ? "" : "=");
	put_spec_text(b, o->help);
	buf_append_char(b, ']');
	if (o->arg != NULL) {
		buf_append_char(b, ':');
		put_spec_text(b, o->arg);
		buf_append_char(b, ':');
		put_kind(b, o->arg);
	}
	buf_append_lit(b, "'\n");
}

static void
put_settings(struct buf *b)
{
	const struct conf_row *row;

	buf_append_lit(b, "_sluice_settings=(");
	for (int i = 0; (row = conf_row_at(i)) != NULL; i++)
		buf_printf(b, "%s%s", i == 0 ? "" : " ", row->name);
	buf_append_lit(b, ")\n\n_sluice_values()\n{\n"
			  "\tif ! compset -P 1 '*='; then\n"
			  "\t\tcompadd -S = -a _sluice_settings\n"
			  "\t\treturn\n"
			  "\tfi\n"
			  "\tcase ${IPREFIX##*--set=} in\n");
	for (int i = 0; (row = conf_row_at(i)) != NULL; i++) {
		bool is_bool = strcmp(row->type, "bool") == 0;

		if (!is_bool && strcmp(row->type, "choice") != 0)
			continue;
		buf_printf(b, "\t%s=) compadd ", row->name);
		gen_words(b, is_bool ? "true, false" : row->allowed);
		buf_append_lit(b, " ;;\n");
	}
	buf_append_lit(b, "\tesac\n}\n\n");
}

/* The list of the words that may come next, with their help. */
static void
put_list(struct buf *b, const char *group)
{
	char word[GEN_LINE_MAX], brief[GEN_LINE_MAX];

	buf_append_lit(b, "\t\tlist=(\n");
	for (int i = 0; group == NULL && gen_group_at(i, word) != NULL; i++) {
		const struct cli_command *k = cli_commands;

		while (!gen_in_group(k, word))
			k++;
		gen_brief(k->help, brief);
		buf_printf(b, "\t\t\t'%s:", word);
		put_spec_text(b, brief);
		buf_append_lit(b, "'\n");
	}
	for (const struct cli_command *k = cli_commands;
		group != NULL && k->name != NULL; k++) {
		if (gen_second_word(k) == NULL || !gen_in_group(k, group))
			continue;
		gen_brief(k->help, brief);
		buf_printf(b, "\t\t\t'%s:", gen_second_word(k));
		put_spec_text(b, brief);
		buf_append_lit(b, "'\n");
	}
	buf_append_lit(b, "\t\t)\n");
}

/* Commands of two words: the second is looked for in the same way. */
static void
put_groups(struct buf *b)
{
	char group[GEN_LINE_MAX];

	for (int i = 0; gen_group_at(i, group) != NULL; i++) {
		const struct cli_command *k = cli_commands;

		while (!gen_in_group(k, group))
			k++;
		if (gen_second_word(k) == NULL)
			continue;
		buf_printf(b, "\t%s)\n", group);
		put_list(b, group);
		buf_append_lit(b, "\t\t;;\n");
	}
}

static void
put_commands(struct buf *b)
{
	for (const struct cli_command *k = cli_commands; k->name != NULL; k++) {
		buf_printf(b, "\t'%s')\n\t\tspecs=(\n", k->name);
		for (const struct cli_option *o = k->options;
			o != NULL && o->name != NULL; o++)
			put_option(b, o);
		for (const struct cli_option *o = cli_common_options;
			o->name != NULL; o++)
			if (!gen_hides(k, o->name))
				put_option(b, o);
		if (k->args[0] != '\0') {
			buf_append_lit(b, "\t\t'*:");
			put_spec_text(b, k->args);
			buf_append_char(b, ':');
			put_kind(b, k->args);
			buf_append_lit(b, "'\n");
		}
		buf_append_lit(b, "\t\t)\n\t\t;;\n");
	}
}

void
gen_zsh(struct buf *b)
{
	buf_append_lit(b,
		"#compdef sluice\n# Completion of sluice for zsh, made by "
		"\"sluice completion zsh\".\n\n");
	put_settings(b);
	buf_append_lit(b, "_sluice_list()\n{\n\tcase $1 in\n\t'')\n");
	put_list(b, NULL);
	buf_append_lit(b, "\t\t;;\n");
	put_groups(b);
	buf_append_lit(b, "\t*) list=() ;;\n\tesac\n}\n\n"
			  "_sluice_specs()\n{\n\tcase $1 in\n");
	put_commands(b);
	buf_append_lit(b, "\t*)\n\t\tspecs=(\n");
	for (const struct cli_option *o = cli_common_options; o->name != NULL;
		o++)
		put_option(b, o);
	buf_append_lit(b,
		"\t\t)\n\t\t;;\n\tesac\n}\n\n"
		"_sluice()\n{\n"
		"\tlocal curcontext=\"$curcontext\" state line ret=1\n"
		"\tlocal -a list specs\n"
		"\ttypeset -A opt_args\n\n"
		"\t_sluice_specs ''\n"
		"\t_arguments -C $specs '1:command:->first' "
		"'*::word:->rest' && ret=0\n"
		"\tcase $state in\n"
		"\tfirst)\n"
		"\t\t_sluice_list ''\n"
		"\t\t_describe -t commands command list && ret=0\n"
		"\t\t;;\n"
		"\trest)\n"
		"\t\tlocal command=$words[1]\n"
		"\t\t_sluice_list $command\n"
		"\t\tif (( $#list == 0 )); then\n"
		"\t\t\t_sluice_specs $command\n"
		"\t\t\t_arguments $specs && ret=0\n"
		"\t\telif (( CURRENT == 2 )); then\n"
		"\t\t\t_describe -t commands \"$command command\" list && "
		"ret=0\n"
		"\t\telse\n"
		"\t\t\t_sluice_specs \"$command $words[2]\"\n"
		"\t\t\tshift words\n"
		"\t\t\t(( CURRENT-- ))\n"
		"\t\t\t_arguments $specs && ret=0\n"
		"\t\tfi\n"
		"\t\t;;\n"
		"\tesac\n"
		"\treturn ret\n"
		"}\n\n"
		"if [[ $funcstack[1] == _sluice ]]; then\n"
		"\t_sluice \"$@\"\n"
		"else\n"
		"\tcompdef _sluice sluice\n"
		"fi\n");
}
