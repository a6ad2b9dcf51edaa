#include <stdio.h>
#include <string.h>

#include "admin/admin_int.h"
#include "admin/stored.h"
#include "base/json_write.h"
#include "base/net.h"
#include "base/utf8.h"
#include "conf/conf.h"

#define VALUE_MAX_BYTES 8192 /* of it shown */
#define CHANGES_MAX 64 /* settings in one request */

/* The settings as they are, are to be, and were made here. */
struct view {
	const struct conf_set *now; /* read last */
	const struct conf_set *start; /* what applies at the start only */
	const struct stored *stored;
};

static const struct {
	const char *prefix, *title;
} groups[] = {
	{"admin", "Web admin"},
	{"canary", "Canary"},
	{"capture", "Receiving events"},
	{"clickhouse", "ClickHouse"},
	{"console", "SQL console"},
	{"dlq", "Dead letters"},
	{"ingest", "App server"},
	{"kafka", "Kafka"},
	{"log", "Log"},
	{"output", "Output log"},
	{"postgres", "Postgres"},
	{"shutdown", "Stopping"},
	{"spool", "Front log"},
};

static const struct {
	const char *type, *unit;
} units[] = {{"bytes", "bytes"}, {"milliseconds", "ms"}, {"seconds", "s"},
	{"hours", "h"}};

static void
put_group(struct buf *b, const char *name)
{
	const char *dot = strchr(name, '.');
	struct slice prefix = slice_of(
		name, dot == NULL ? strlen(name) : (size_t)(dot - name));
	const char *title = "Other";

	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		if (dot != NULL && slice_eq_str(prefix, groups[i].prefix))
			title = groups[i].title;
	buf_append_lit(b, ",\"group\":");
	json_put_string(b, slice_str(title));
}

static void
put_text(struct buf *b, const char *member, const char *text)
{
	struct buf whole;

	buf_printf(b, ",\"%s\":", member);
	if (text == NULL) {
		buf_append_lit(b, "null");
		return;
	}
	buf_init(&whole, 4 * VALUE_MAX_BYTES);
	utf8_append_lossy(&whole, slice_str(text)); /* it may have been cut */
	json_put_string(b, buf_slice(&whole));
	buf_fini(&whole);
}

static void
put_flag(struct buf *b, const char *member, bool yes)
{
	buf_printf(b, ",\"%s\":%s", member, yes ? "true" : "false");
}

/* What does not change while the program runs. */
static int
put_row(struct buf *b, const struct conf_row *row, struct err *e)
{
	char def[VALUE_MAX_BYTES];
	const char *unit = "";
	int rc = conf_default_text(row->name, def, sizeof(def), e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (strcmp(row->type, units[i].type) == 0)
			unit = units[i].unit;
	buf_append_lit(b, "{\"name\":");
	json_put_string(b, slice_str(row->name));
	put_group(b, row->name);
	put_text(b, "type", row->type);
	put_text(b, "unit", unit);
	put_text(b, "help", row->help);
	put_text(b, "default", def);
	buf_append_lit(b, ",\"choices\":[");
	for (int i = 0; row->choices != NULL && row->choices[i] != NULL; i++) {
		if (i > 0)
			buf_append_char(b, ',');
		json_put_string(b, slice_str(row->choices[i]));
	}
	buf_append_char(b, ']');
	if (row->min < row->max)
		buf_printf(b, ",\"min\":%lld,\"max\":%lld", (long long)row->min,
			(long long)row->max);
	else
		buf_append_lit(b, ",\"min\":null,\"max\":null");
	put_text(b, "applies", row->needs_restart ? "restart" : "now");
	put_flag(b, "secret", row->is_secret);
	put_text(b, "locked", row->locked);
	return 0;
}

static const char *
made_here(const struct stored *s, const char *name)
{
	for (int i = 0; i < s->n; i++)
		if (strcmp(s->rows[i].name, name) == 0)
			return s->rows[i].value;
	return NULL;
}

/* A secret is never given back, only whether there is one (conf-2). */
static int
put_value(struct buf *b, const struct view *v, const struct conf_row *row,
	struct err *e)
{
	const struct conf_set *used = row->needs_restart ? v->start : v->now;
	bool is_pending = !conf_same(used, v->now, row->name);
	const char *stored = made_here(v->stored, row->name);
	char value[VALUE_MAX_BYTES], next[VALUE_MAX_BYTES];
	int rc = conf_text(used, row->name, value, sizeof(value), e);

	if (rc == 0)
		rc = conf_text(v->now, row->name, next, sizeof(next), e);
	if (rc < 0)
		return rc;
	put_flag(b, "is_set", value[0] != '\0');
	put_text(b, "value", row->is_secret ? "" : value);
	put_text(b, "source",
		conf_source_name(conf_source_of(v->now, row->name)));
	put_flag(b, "pending", is_pending);
	put_text(b, "pending_value",
		is_pending && !row->is_secret ? next : NULL);
	put_flag(b, "made_here", stored != NULL);
	put_text(b, "made_here_value", row->is_secret ? NULL : stored);
	put_text(b, "ignored", conf_ignored(v->now, row->name));
	buf_append_char(b, '}');
	return 0;
}

static int
put_all(struct admin_call *c, const struct stored *stored, struct err *e)
{
	const struct view v = {
		__atomic_load_n(&c->a->o.conf, __ATOMIC_ACQUIRE),
		c->a->start_conf,
		stored,
	};
	const struct conf_row *row;
	int rc = 0;

	buf_append_lit(&c->out, "\"items\":[");
	for (int i = 0; rc == 0 && (row = conf_row_at(i)) != NULL; i++) {
		if (i > 0)
			buf_append_char(&c->out, ',');
		rc = put_row(&c->out, row, e);
		if (rc == 0)
			rc = put_value(&c->out, &v, row, e);
	}
	buf_append_char(&c->out, ']');
	return rc;
}

int
admin_settings_list(struct admin_call *c, struct err *e)
{
	struct stored stored;
	int rc = stored_read(c->a->o.config, c->arena, &stored, e);

	if (rc == 0) {
		buf_append_char(&c->out, '{');
		rc = put_all(c, &stored, e);
		buf_append_lit(&c->out, ",\"warnings\":[],\"next\":null}\n");
	}
	return rc;
}

/* The text of a value as a setting has it: strings, numbers, true and false. */
static int
read_value(struct admin_call *c, uint32_t node, const char *name,
	const char **out, struct err *e)
{
	const struct json_node *n = &c->json.nodes[node];
	struct slice v = n->type == JSON_STRING
				 ? json_string(&c->json, node, c->arena)
				 : json_raw(&c->json, node);

	*out = NULL;
	if (n->type == JSON_NULL)
		return 0;
	if (n->type == JSON_OBJECT || n->type == JSON_ARRAY ||
		(n->flags & JSON_NUL) != 0)
		return admin_invalid(c, e, name,
			"%s: text, a number, true, false or null is wanted",
			name);
	*out = arena_strndup(c->arena, slice_trim(v));
	return *out == NULL ? err_set(e, ERR_NO_MEMORY, "no memory") : 0;
}

/* Members of the body's object "settings". */
static int
read_changes(
	struct admin_call *c, struct conf_stored *out, int *n, struct err *e)
{
	const struct json_doc *d = &c->json;
	uint32_t o = json_member(d, 0, SLICE_LIT("settings"));
	int rc = 0;

	*n = 0;
	if (o == 0 || d->nodes[o].type != JSON_OBJECT ||
		d->nodes[o].n > CHANGES_MAX)
		return admin_invalid(c, e, "settings",
			"settings: an object of at most %d is wanted",
			CHANGES_MAX);
	for (uint32_t i = json_first(d, o); rc == 0 && i < d->nodes[o].next;
		i = d->nodes[i + 1].next) {
		struct conf_stored *x = &out[*n];

		*x = (struct conf_stored){NULL, NULL, NULL};
		x->name = arena_strndup(c->arena, json_string(d, i, c->arena));
		if (x->name == NULL)
			return err_set(e, ERR_NO_MEMORY, "no memory");
		rc = read_value(c, i + 1, x->name, &x->value, e);
		(*n)++;
	}
	return rc;
}

/* Who turns the page off could not turn it on again here. */
static int
check_one(struct admin_call *c, const struct conf_stored *x, struct err *e)
{
	int rc = x->value == NULL ? 0 : conf_check_stored(x->name, x->value, e);

	if (rc == 0 && x->value != NULL &&
		strcmp(x->name, "admin.listen") == 0 &&
		strcmp(x->value, "off") == 0)
		rc = err_set(e, ERR_DENIED,
			"admin.listen: off would take this page away for good; "
			"set it in the file, the environment or by --set");
	if (rc == 0 && x->value != NULL &&
		strcmp(x->name, "postgres.url") == 0 &&
		strncmp(x->value, "file:", 5) != 0)
		rc = admin_check_pg_url(x->value, e);
	if (rc == -(int)ERR_NO_MEMORY)
		return rc;
	if (rc < 0) {
		snprintf(c->field, sizeof(c->field), "%s", x->name);
		e->code = ERR_INVALID;
		return -(int)ERR_INVALID;
	}
	return 0;
}

/* The rows there would be. */
static int
merge(struct admin_call *c, const struct stored *old,
	const struct conf_stored *changes, int n, struct stored *out,
	struct err *e)
{
	const struct conf_set *now =
		__atomic_load_n(&c->a->o.conf, __ATOMIC_ACQUIRE);

	out->rows = arena_zalloc(
		c->arena, (size_t)(old->n + n + 1), sizeof(*out->rows));
	out->n = 0;
	if (out->rows == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	for (int i = 0; i < old->n; i++) {
		bool is_changed = false;

		for (int k = 0; k < n; k++)
			is_changed |=
				strcmp(changes[k].name, old->rows[i].name) == 0;
		/* One that does not count is no reason to refuse others. */
		if (!is_changed && conf_ignored(now, old->rows[i].name) == NULL)
			out->rows[out->n++] = old->rows[i];
	}
	for (int k = 0; k < n; k++)
		if (changes[k].value != NULL)
			out->rows[out->n++] = changes[k];
	return 0;
}

/* A stronger source would hide the value: it is refused, as it would look as if
 * it had an effect. */
static int
check_sources(struct admin_call *c, const struct conf_set *would,
	const struct conf_stored *changes, int n, struct err *e)
{
	for (int k = 0; k < n; k++) {
		enum conf_source s = conf_source_of(would, changes[k].name);

		if (changes[k].value == NULL || s == CONF_ADMIN)
			continue;
		snprintf(c->field, sizeof(c->field), "%s", changes[k].name);
		return admin_refuse(c, e, 409, "overridden",
			"%s is set by %s, which is stronger than what is set "
			"here: take it away there first",
			changes[k].name,
			s == CONF_FILE  ? "the file of settings"
			: s == CONF_ENV ? "the environment"
					: "--set on the command line");
	}
	return 0;
}

/* An error over several settings names one of those changed. */
static void
name_field(struct admin_call *c, const struct conf_stored *changes, int n,
	const struct err *e)
{
	for (int k = 0; k < n && c->field[0] == '\0'; k++)
		if (strstr(e->text, changes[k].name) != NULL)
			snprintf(c->field, sizeof(c->field), "%s",
				changes[k].name);
}

static int
try_changes(struct admin_call *c, const struct conf_stored *changes, int n,
	struct stored *merged, struct err *e)
{
	const struct admin_settings *s = c->a->o.settings;
	struct conf_set *would = NULL;
	struct stored old;
	int rc = stored_read(c->a->o.config, c->arena, &old, e);

	if (rc == 0)
		rc = merge(c, &old, changes, n, merged, e);
	if (rc == 0) {
		rc = s->try_rows(s->cookie, merged->rows, merged->n, &would, e);
		if (rc < 0)
			name_field(c, changes, n, e);
		if (rc == -(int)ERR_UNSUPPORTED) {
			e->code = ERR_INVALID; /* 501 is for the API itself */
			rc = -(int)ERR_INVALID;
		}
	}
	if (rc == 0)
		rc = check_sources(c, would, changes, n, e);
	conf_free(would);
	return rc;
}

static bool
is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
	       strcmp(host, "localhost") == 0;
}

/* A listener that other machines reach is worth a word. */
static void
put_warnings(struct admin_call *c, const struct conf_stored *changes, int n)
{
	bool first = true;

	buf_append_lit(&c->out, ",\"warnings\":[");
	for (int k = 0; k < n; k++) {
		struct net_listen l;
		struct err e;
		const char *tail = strrchr(changes[k].name, '.');

		if (changes[k].value == NULL || tail == NULL ||
			strcmp(tail, ".listen") != 0 ||
			net_listen_parse(changes[k].value, &l, &e) != 0 ||
			l.is_off || is_loopback(l.host))
			continue;
		buf_append_str(&c->out, first ? "" : ",");
		first = false;
		buf_printf(&c->out,
			"\"After the restart other machines reach %s: see that "
			"only those can that are meant to.\"",
			changes[k].name);
	}
	buf_append_char(&c->out, ']');
}

static int
change(struct admin_call *c, const struct conf_stored *changes, int n,
	struct err *e)
{
	const struct admin_settings *s = c->a->o.settings;
	struct stored merged;
	int rc = try_changes(c, changes, n, &merged, e);

	if (rc == 0)
		rc = stored_save(c->a->o.config, changes, n, e);
	if (rc == 0 && s->use != NULL) {
		rc = s->use(s->cookie, e);
		if (rc < 0)
			rc = err_prefix(e, "it is saved, but not in use yet");
	}
	if (rc < 0)
		return rc;
	rc = stored_read(c->a->o.config, c->arena, &merged, e);
	if (rc < 0)
		return rc;
	buf_append_char(&c->out, '{');
	rc = put_all(c, &merged, e);
	put_warnings(c, changes, n);
	buf_append_lit(&c->out, ",\"next\":null}\n");
	return rc;
}

int
admin_settings_change(struct admin_call *c, struct err *e)
{
	struct conf_stored *changes =
		arena_zalloc(c->arena, CHANGES_MAX, sizeof(*changes));
	int rc = admin_need_body(c, e);
	int n = 0;

	if (changes == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	if (rc == 0 && c->a->o.settings == NULL)
		rc = err_set(
			e, ERR_UNAVAILABLE, "settings cannot be changed here");
	if (rc == 0)
		rc = read_changes(c, changes, &n, e);
	for (int k = 0; rc == 0 && k < n; k++)
		rc = check_one(c, &changes[k], e);
	if (rc < 0)
		return rc;
	lock_take(&c->a->settings_change);
	rc = change(c, changes, n, e);
	lock_release(&c->a->settings_change);
	return rc;
}
