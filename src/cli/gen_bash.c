#include <stdio.h>
#include <string.h>

#include "cli/gen.h"

/* The tables as shell functions, then the program that reads them. */

static void
put_seconds(struct buf *b)
{
	char group[GEN_LINE_MAX];

	buf_append_lit(b, "_sluice_firsts='");
	for (int i = 0; gen_group_at(i, group) != NULL; i++)
		buf_printf(b, "%s%s", i == 0 ? "" : " ", group);
	buf_append_lit(b, "'\n\n_sluice_seconds()\n{\n\tcase $1 in\n");
	for (int i = 0; gen_group_at(i, group) != NULL; i++) {
		bool first = true;

		for (const struct cli_command *k = cli_commands;
			k->name != NULL; k++) {
			const char *second = gen_second_word(k);

			if (second == NULL || !gen_in_group(k, group))
				continue;
			if (first)
				buf_printf(b, "\t%s) echo '", group);
			buf_printf(b, "%s%s", first ? "" : " ", second);
			first = false;
		}
		if (!first)
			buf_append_lit(b, "' ;;\n");
	}
	buf_append_lit(b, "\tesac\n}\n");
}

static void
put_options(struct buf *b)
{
	buf_append_lit(b, "\n_sluice_options()\n{\n\tlocal common='");
	for (const struct cli_option *o = cli_common_options; o->name != NULL;
		o++)
		buf_printf(b, "%s--%s", o == cli_common_options ? "" : " ",
			o->name);
	buf_append_lit(b, "'\n\n\tcase $1 in\n");
	for (const struct cli_command *k = cli_commands; k->name != NULL; k++) {
		if (k->options == NULL || k->options->name == NULL)
			continue;
		buf_printf(b, "\t'%s') echo '", k->name);
		for (const struct cli_option *o = k->options; o->name != NULL;
			o++)
			buf_printf(b, "%s--%s", o == k->options ? "" : " ",
				o->name);
		buf_append_lit(b, "' ;;\n");
	}
	buf_append_lit(b, "\tesac\n\techo \"$common\"\n}\n");
}

static void
put_kind(struct buf *b, const char *arg)
{
	switch (gen_kind_of(arg)) {
	case GEN_TEXT:
		buf_append_lit(b, "text");
		return;
	case GEN_DIR:
		buf_append_lit(b, "dir");
		return;
	case GEN_FILE:
		buf_append_lit(b, "file");
		return;
	case GEN_SETTING:
		buf_append_lit(b, "setting");
		return;
	case GEN_KEY:
		buf_append_lit(b, "key");
		return;
	case GEN_CHOICE:
		buf_append_lit(b, "choice ");
		gen_words(b, arg);
		return;
	}
}

/* What the value of an option is; nothing if it takes none. */
static void
put_kinds(struct buf *b)
{
	buf_append_lit(b, "\n_sluice_kind()\n{\n\tcase \"$1 $2\" in\n");
	for (const struct cli_command *k = cli_commands; k->name != NULL; k++)
		for (const struct cli_option *o = k->options;
			o != NULL && o->name != NULL; o++) {
			buf_printf(b, "\t'%s --%s') echo '", k->name, o->name);
			if (o->arg != NULL)
				put_kind(b, o->arg);
			buf_append_lit(b, "' ;;\n");
		}
	for (const struct cli_option *o = cli_common_options; o->name != NULL;
		o++) {
		if (o->arg == NULL)
			continue;
		buf_printf(b, "\t*' --%s') echo '", o->name);
		put_kind(b, o->arg);
		buf_append_lit(b, "' ;;\n");
	}
	buf_append_lit(b, "\tesac\n}\n\n_sluice_args()\n{\n\tcase $1 in\n");
	for (const struct cli_command *k = cli_commands; k->name != NULL; k++) {
		if (gen_kind_of(k->args) == GEN_TEXT)
			continue;
		buf_printf(b, "\t'%s') echo '", k->name);
		put_kind(b, k->args);
		buf_append_lit(b, "' ;;\n");
	}
	buf_append_lit(b, "\tesac\n}\n");
}

static void
put_settings(struct buf *b)
{
	const struct conf_row *row;

	buf_append_lit(b, "\n_sluice_settings='");
	for (int i = 0; (row = conf_row_at(i)) != NULL; i++)
		buf_printf(b, "%s%s", i == 0 ? "" : " ", row->name);
	buf_append_lit(b, "'\n\n_sluice_choices()\n{\n\tcase $1 in\n");
	for (int i = 0; (row = conf_row_at(i)) != NULL; i++) {
		bool is_bool = strcmp(row->type, "bool") == 0;

		if (!is_bool && strcmp(row->type, "choice") != 0)
			continue;
		buf_printf(b, "\t%s) echo '", row->name);
		gen_words(b, is_bool ? "true, false" : row->allowed);
		buf_append_lit(b, "' ;;\n");
	}
	buf_append_lit(b, "\tesac\n}\n");
}

/*
 * readline breaks words at = and :, so the words of the line are put together
 * again first, and answers begin behind the last break of the current word.
 */
static const char program[] =
	"\n_sluice_reply()\n"
	"{\n"
	"\tCOMPREPLY=()\n"
	"\twhile IFS= read -r word; do\n"
	"\t\tCOMPREPLY+=(\"$word\")\n"
	"\tdone < <(compgen \"$@\" -- \"$value\")\n"
	"}\n"
	"\n_sluice_value()\n"
	"{\n"
	"\tlocal kind=${1%% *} name\n"
	"\n"
	"\tcase $kind in\n"
	"\tdir) _sluice_reply -d ;;\n"
	"\tfile) _sluice_reply -f ;;\n"
	"\tkey) _sluice_reply -W \"$_sluice_settings\" ;;\n"
	"\tchoice) _sluice_reply -W \"${1#* }\" ;;\n"
	"\tsetting)\n"
	"\t\tif [[ $value == *=* ]]; then\n"
	"\t\t\tname=${value%%=*}\n"
	"\t\t\tvalue=${value#*=}\n"
	"\t\t\t_sluice_reply -W \"$(_sluice_choices \"$name\")\"\n"
	"\t\telse\n"
	"\t\t\t_sluice_reply -S = -W \"$_sluice_settings\"\n"
	"\t\t\tcompopt -o nospace 2>/dev/null\n"
	"\t\tfi\n"
	"\t\t;;\n"
	"\tesac\n"
	"}\n"
	"\n_sluice()\n"
	"{\n"
	"\tlocal cur value word command='' group='' before='' kind i skip=''\n"
	"\tlocal -a words=()\n"
	"\n"
	"\tfor ((i = 0; i <= COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tif [[ $i -gt 1 && ($word == [=:] || $before == [=:]) ]]; then\n"
	"\t\t\twords[-1]+=$word\n"
	"\t\telse\n"
	"\t\t\twords+=(\"$word\")\n"
	"\t\tfi\n"
	"\t\tbefore=$word\n"
	"\tdone\n"
	"\tcur=${words[-1]}\n"
	"\tfor ((i = 1; i < ${#words[@]} - 1; i++)); do\n"
	"\t\tword=${words[i]}\n"
	"\t\tif [[ -n $skip ]]; then\n"
	"\t\t\tskip=\n"
	"\t\telif [[ $word == --*=* ]]; then\n"
	"\t\t\t:\n"
	"\t\telif [[ $word == -* ]]; then\n"
	"\t\t\tskip=$(_sluice_kind \"$command\" \"$word\")\n"
	"\t\telif [[ -z $command && -n $group ]]; then\n"
	"\t\t\tcommand=\"$group $word\"\n"
	"\t\telif [[ -z $command && -n $(_sluice_seconds \"$word\") ]]; then\n"
	"\t\t\tgroup=$word\n"
	"\t\telif [[ -z $command ]]; then\n"
	"\t\t\tcommand=$word\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tvalue=$cur\n"
	"\tif [[ -n $skip ]]; then\n"
	"\t\t_sluice_value \"$skip\"\n"
	"\telif [[ $cur == --*=* ]]; then\n"
	"\t\tkind=$(_sluice_kind \"$command\" \"${cur%%=*}\")\n"
	"\t\tvalue=${cur#*=}\n"
	"\t\t_sluice_value \"$kind\"\n"
	"\telif [[ $cur == -* ]]; then\n"
	"\t\t_sluice_reply -W \"$(_sluice_options \"$command\")\"\n"
	"\telif [[ -n $command ]]; then\n"
	"\t\t_sluice_value \"$(_sluice_args \"$command\")\"\n"
	"\telif [[ -n $group ]]; then\n"
	"\t\t_sluice_reply -W \"$(_sluice_seconds \"$group\")\"\n"
	"\telse\n"
	"\t\t_sluice_reply -W \"$_sluice_firsts\"\n"
	"\tfi\n"
	"}\n"
	"\ncomplete -F _sluice sluice\n";

void
gen_bash(struct buf *b)
{
	buf_append_lit(b,
		"# Completion of sluice for bash, made by \"sluice completion "
		"bash\".\n\n");
	put_seconds(b);
	put_options(b);
	put_kinds(b);
	put_settings(b);
	buf_append_str(b, program);
}
