#include <stdio.h>
#include <string.h>

#include "base/json_write.h"
#include "cli/api.h"
#include "cli/cmd.h"
#include "cli/words.h"
#include "conf/conf.h"
#include "run/daemon.h"
#include "run/settings.h"

#define VALUE_MAX_BYTES 8192
#define BODY_MAX_BYTES ((size_t)1024 * 1024)

/* What was made in the admin and does not count. */
static void
say_ignored(const struct conf_set *set)
{
	const struct conf_row *row;

	for (int i = 0; (row = conf_row_at(i)) != NULL; i++)
		if (conf_ignored(set, row->name) != NULL)
			fprintf(stderr,
				"%s as set in the admin does not count: %s\n",
				row->name, conf_ignored(set, row->name));
}

int
cmd_config_check(struct cli *c)
{
	const struct daemon_options o = {c->data, c->config, c->set, false};
	struct conf_set *set;
	struct err e;

	if (settings_load(&o, &set, &e) < 0)
		return cli_fail(c, &e);
	say_ignored(set);
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
	const struct daemon_options o = {c->data, c->config, c->set, false};
	const struct conf_row *row;
	struct conf_set *set;
	struct err e;
	int rc = settings_load(&o, &set, &e);

	if (rc < 0)
		return cli_fail(c, &e);
	for (int i = 0; rc == 0 && (row = conf_row_at(i)) != NULL; i++)
		rc = show_row(c, set, row, &e);
	say_ignored(set);
	conf_free(set);
	return rc < 0 ? cli_fail(c, &e) : CLI_DONE;
}

/* One that was changed, as the API has it. */
static void
print_changed(struct cli *c, struct api_doc *d, uint32_t item)
{
	const char *name = api_text(d, item, "name");
	bool is_pending = strcmp(api_text(d, item, "pending"), "true") == 0;
	bool is_secret = strcmp(api_text(d, item, "secret"), "true") == 0;
	bool is_set = strcmp(api_text(d, item, "is_set"), "true") == 0;
	const char *value =
		api_text(d, item, is_pending ? "pending_value" : "value");

	if (is_secret)
		value = is_set || is_pending ? "***" : "";
	if (c->json) {
		struct slice raw = json_raw(&d->json, item);

		printf("%.*s\n", SLICE_FMT(raw));
		return;
	}
	printf("%-40s %-30s # %s%s\n", name, value, api_text(d, item, "source"),
		is_pending ? ", waits for a restart" : "");
}

static bool
is_named(struct cli *c, const char *name)
{
	size_t n = strlen(name);

	for (int i = 0; i < c->n_args; i++)
		if (strncmp(c->args[i], name, n) == 0 &&
			(c->args[i][n] == '=' || c->args[i][n] == '\0'))
			return true;
	return false;
}

static int
send_changes(struct cli *c, const struct buf *body)
{
	struct api_doc d;
	struct err e;
	uint32_t items;
	int rc = api_get(c, "PATCH", "/api/v1/settings", body, &d, &e);

	if (rc < 0)
		return cli_fail(c, &e);
	items = json_member(&d.json, 0, SLICE_LIT("items"));
	for (uint32_t i = items == 0 ? 0 : json_first(&d.json, items);
		items != 0 && i < d.json.nodes[items].next;
		i = d.json.nodes[i].next)
		if (is_named(c, api_text(&d, i, "name")))
			print_changed(c, &d, i);
	api_doc_fini(&d);
	return CLI_DONE;
}

/* KEY=VALUE each; without values they are taken away. */
static int
change(struct cli *c, bool with_values)
{
	struct buf b;
	int status = CLI_DONE;

	buf_init(&b, BODY_MAX_BYTES);
	buf_append_lit(&b, "{\"settings\":{");
	for (int i = 0; i < c->n_args && status == CLI_DONE; i++) {
		const char *eq = strchr(c->args[i], '=');
		size_t n = eq == NULL ? strlen(c->args[i])
				      : (size_t)(eq - c->args[i]);

		if ((eq != NULL) != with_values)
			status = cli_usage_error(c,
				with_values ? "%s: give it as KEY=VALUE"
					    : "%s: give the name alone",
				c->args[i]);
		if (i > 0)
			buf_append_char(&b, ',');
		json_put_string(&b, slice_of(c->args[i], n));
		buf_append_char(&b, ':');
		if (eq == NULL)
			buf_append_lit(&b, "null");
		else
			json_put_string(&b, slice_str(eq + 1));
	}
	buf_append_lit(&b, "}}");
	if (status == CLI_DONE)
		status = send_changes(c, &b);
	buf_fini(&b);
	return status;
}

int
cmd_config_set(struct cli *c)
{
	return change(c, true);
}

int
cmd_config_unset(struct cli *c)
{
	return change(c, false);
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
