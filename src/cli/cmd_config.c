#include <stdio.h>
#include <string.h>

#include "base/json_write.h"
#include "cli/api.h"
#include "cli/cmd.h"
#include "cli/words.h"
#include "conf/conf.h"
#include "run/settings.h"

#define VALUE_MAX_BYTES 8192

int
cmd_config_check(struct cli *c)
{
	struct conf_set *set;
	struct err e;

	if (settings_load(c->config, c->set, false, &set, &e) < 0)
		return cli_fail(c, &e);
	conf_free(set);
	printf(c->json ? "{\"ok\":true}\n" : "The settings are right.\n");
	return CLI_DONE;
}

static void
print_json(const struct conf_row *row, const char *value, const char *source)
{
	struct buf b;

	buf_init(&b, 65536);
	buf_append_lit(&b, "{\"name\":");
	json_put_string(&b, slice_str(row->name));
	buf_append_lit(&b, ",\"value\":");
	json_put_string(&b, slice_str(value));
	buf_append_lit(&b, ",\"source\":");
	json_put_string(&b, slice_str(source));
	buf_printf(&b, ",\"needs_restart\":%s}\n",
		row->needs_restart ? "true" : "false");
	fwrite(b.p, 1, b.len, stdout);
	buf_fini(&b);
}

static int
show_row(struct cli *c, struct conf_set *set, const struct conf_row *row,
	struct err *e)
{
	enum conf_source source = conf_source_of(set, row->name);
	char value[VALUE_MAX_BYTES];
	int rc;

	if (source == CONF_DEFAULT && cli_has(c, "changed"))
		return 0;
	rc = conf_text(set, row->name, value, sizeof(value), e);
	if (rc < 0)
		return rc;
	if (c->json)
		print_json(row, value, conf_source_name(source));
	else
		printf("%-40s %-30s # %s\n", row->name, value,
			conf_source_name(source));
	return 0;
}

int
cmd_config_show(struct cli *c)
{
	const struct conf_row *row;
	struct conf_set *set;
	struct err e;
	int rc = settings_load(c->config, c->set, false, &set, &e);

	if (rc < 0)
		return cli_fail(c, &e);
	for (int i = 0; rc == 0 && (row = conf_row_at(i)) != NULL; i++)
		rc = show_row(c, set, row, &e);
	conf_free(set);
	return rc < 0 ? cli_fail(c, &e) : CLI_DONE;
}

static void
help_json(const struct conf_row *row)
{
	struct buf b;

	buf_init(&b, 65536);
	buf_append_lit(&b, "{\"name\":");
	json_put_string(&b, slice_str(row->name));
	buf_append_lit(&b, ",\"type\":");
	json_put_string(&b, slice_str(row->type));
	buf_append_lit(&b, ",\"default\":");
	json_put_string(&b, slice_str(row->def));
	buf_append_lit(&b, ",\"allowed\":");
	json_put_string(
		&b, slice_str(row->allowed == NULL ? "" : row->allowed));
	buf_printf(&b, ",\"needs_restart\":%s,\"help\":",
		row->needs_restart ? "true" : "false");
	json_put_string(&b, slice_str(row->help));
	buf_append_lit(&b, "}\n");
	fwrite(b.p, 1, b.len, stdout);
	buf_fini(&b);
}

static void
help_text(const struct conf_row *row, bool is_only)
{
	if (!is_only) {
		printf("%-40s %s\n", row->name, row->help);
		return;
	}
	printf("%s\n  %s\n  type     %s\n  default  %s\n", row->name, row->help,
		row->type, row->def[0] == '\0' ? "(empty)" : row->def);
	if (row->allowed != NULL && row->allowed[0] != '\0')
		printf("  allowed  %s\n", row->allowed);
	printf("  applies  %s\n",
		row->needs_restart ? "at the start" : "at once (SIGHUP)");
}

int
cmd_config_help(struct cli *c)
{
	const char *wanted = c->n_args > 0 ? c->args[0] : NULL;
	const struct conf_row *row;
	struct words_best best;
	bool found = wanted == NULL;

	if (wanted != NULL)
		words_best_init(&best, wanted);
	for (int i = 0; (row = conf_row_at(i)) != NULL; i++) {
		if (wanted != NULL)
			words_best_try(&best, row->name);
		if (wanted != NULL && strcmp(wanted, row->name) != 0)
			continue;
		found = true;
		if (c->json)
			help_json(row);
		else
			help_text(row, wanted != NULL);
	}
	if (found)
		return CLI_DONE;
	(void)cli_usage_error(c, "unknown setting %s%s%s%s", wanted,
		best.word == NULL ? ": see sluice config help"
				  : "; did you mean ",
		best.word == NULL ? "" : best.word,
		best.word == NULL ? "" : "?");
	return CLI_FAILED;
}
