#include "team/team_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json_read.h"
#include "base/json_write.h"
#include "base/log.h"
#include "base/utf8.h"

enum kind { BOOL, MAYBE, INT, NUMBER, TEXT, WORD, ARRAY, OBJECT, OFF };

static const struct {
	const char *name, *def, *allowed;
	enum kind kind;
	double min, max;
} rows[] = {
#define TEAM_SETTING(id, name, kind, def, min, max, allowed, group, help)      \
	{name, def, allowed, kind, min, max},
#include "team/settings.def"
#undef TEAM_SETTING
};

int
team_setting_find(struct slice name)
{
	for (int i = 0; i < TEAM_N_SETTINGS; i++)
		if (slice_eq_str(name, rows[i].name))
			return i;
	return -1;
}

const char *
team_setting_name(int i)
{
	return rows[i].name;
}

const char *
team_setting_default(int i)
{
	return rows[i].def;
}

/* Changes of one letter that lead from a to b; names are short. */
static size_t
distance(struct slice a, struct slice b)
{
	size_t row[80];

	if (a.len >= ARRAY_LEN(row) || b.len >= ARRAY_LEN(row))
		return 1000;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t best = diagonal + (a.p[i - 1] != b.p[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[b.len];
}

static int
unknown_name(struct slice name, struct err *e)
{
	int nearest = 0;

	for (int i = 1; i < TEAM_N_SETTINGS; i++)
		if (distance(name, slice_str(rows[i].name)) <
			distance(name, slice_str(rows[nearest].name)))
			nearest = i;
	return err_set(e, ERR_INVALID,
		"%.*s: no such project setting (nearest: %s)",
		(int)(name.len > 80 ? 80 : name.len), name.p,
		rows[nearest].name);
}

static bool
is_word(const char *allowed, struct slice value)
{
	while (value.len > 0 && *allowed != '\0') {
		size_t n = strcspn(allowed, "|");

		if (slice_eq(value, slice_of(allowed, n)))
			return true;
		allowed += n;
		allowed += *allowed == '|';
	}
	return false;
}

static const char *
quoted(struct arena *a, struct slice value)
{
	struct buf b;
	const char *text;

	buf_init(&b, TEAM_SETTINGS_MAX_BYTES);
	json_put_string(&b, value);
	text = b.failed ? NULL : arena_strndup(a, buf_slice(&b));
	buf_fini(&b);
	return text;
}

static const char *
parsed(struct arena *a, struct slice value, enum json_type type)
{
	struct json_limits lim = {32, 100000};
	struct json_doc d;
	struct err ignored;
	struct buf b;
	const char *text = NULL;

	if (json_parse(a, value, &lim, &d, &ignored) != 0 ||
		d.nodes[0].type != type)
		return NULL;
	buf_init(&b, TEAM_SETTINGS_MAX_BYTES);
	json_put_value(&b, &d, 0, 32, NULL);
	if (!b.failed)
		text = arena_strndup(a, buf_slice(&b));
	buf_fini(&b);
	return text;
}

static const char *
number(struct arena *a, struct slice value, int i)
{
	const char *text = parsed(a, value, JSON_NUMBER);
	double v;

	if (text == NULL)
		return NULL;
	if (rows[i].kind == INT && strpbrk(text, ".eE") != NULL)
		return NULL;
	v = strtod(text, NULL);
	return v >= rows[i].min && v <= rows[i].max ? text : NULL;
}

static const char *
value_json(struct arena *a, struct slice v, int i)
{
	switch (rows[i].kind) {
	case BOOL:
	case MAYBE:
		if (slice_eq_str(v, "true") || slice_eq_str(v, "1"))
			return "true";
		if (slice_eq_str(v, "false") || slice_eq_str(v, "0"))
			return "false";
		return NULL;
	case INT:
	case NUMBER:
		return number(a, v, i);
	case TEXT:
		return v.len > 0 && v.len <= 200 && utf8_valid(v) ? quoted(a, v)
								  : NULL;
	case WORD:
		return is_word(rows[i].allowed, v) ? quoted(a, v) : NULL;
	case ARRAY:
		return parsed(a, v, JSON_ARRAY);
	case OBJECT:
		return parsed(a, v, JSON_OBJECT);
	case OFF:
		return slice_eq_str(v, "0") ? "0" : NULL;
	}
	return NULL;
}

/* Those that are parsed further tell here what is wrong. */
static int
check_rules(struct arena *a, int i, const char *json, struct err *e)
{
	const struct team_quotas *quotas;
	const struct team_rules *rules;

	if (i == TEAM_SET_EVENT_RESTRICTIONS)
		return team_rules_read(a, json, &rules, e);
	return i == TEAM_SET_QUOTAS ? team_quotas_read(a, json, &quotas, e) : 0;
}

int
team_setting_parse(struct arena *a, const char *text, int *i, const char **json,
	struct err *e)
{
	const char *eq = strchr(text, '=');
	struct slice name, value;

	if (eq == NULL)
		return err_set(e, ERR_INVALID,
			"%.80s: a setting is written name=value", text);
	name = slice_trim(slice_of(text, (size_t)(eq - text)));
	value = slice_trim(slice_str(eq + 1));
	*i = team_setting_find(name);
	if (*i < 0)
		return unknown_name(name, e);
	if (slice_eq_str(value, "null")) {
		*json = NULL;
		return 0;
	}
	*json = value_json(a, value, *i);
	if (*json == NULL)
		return err_set(e, ERR_INVALID, "%s=%.*s: allowed is %s",
			rows[*i].name, (int)(value.len > 60 ? 60 : value.len),
			value.p, rows[*i].allowed);
	return check_rules(a, *i, *json, e);
}

void
team_settings_write(const char *const *values, struct buf *out)
{
	bool first = true;

	buf_append_char(out, '{');
	for (int i = 0; i < TEAM_N_SETTINGS; i++) {
		if (values[i] == NULL)
			continue;
		if (!first)
			buf_append_char(out, ',');
		first = false;
		json_put_string(out, slice_str(rows[i].name));
		buf_append_char(out, ':');
		buf_append_str(out, values[i]);
	}
	buf_append_char(out, '}');
}

int
team_settings_read(
	struct arena *a, struct slice text, const char **values, struct err *e)
{
	struct json_limits lim = {64, 1000000};
	struct json_doc d;

	if (json_parse(a, text, &lim, &d, e) != 0 ||
		d.nodes[0].type != JSON_OBJECT)
		return err_set(e, ERR_CORRUPT,
			"the settings of a project are no JSON object");
	for (uint32_t k = json_first(&d, 0); k < d.nodes[0].next;
		k = d.nodes[k + 1].next) {
		int i = team_setting_find(json_string(&d, k, a));

		if (i < 0 || d.nodes[k + 1].type == JSON_NULL)
			continue;
		values[i] = arena_strndup(a, json_raw(&d, k + 1));
		if (values[i] == NULL)
			return err_set(e, ERR_NO_MEMORY, "projects");
	}
	return 0;
}

static bool
is_true(const struct team_row *row, enum team_setting i)
{
	return row->values[i] != NULL && strcmp(row->values[i], "true") == 0;
}

static void
apply_rules(struct arena *a, struct team_row *row)
{
	const char *rules = row->values[TEAM_SET_EVENT_RESTRICTIONS];
	const char *quotas = row->values[TEAM_SET_QUOTAS];
	const char *rate = row->values[TEAM_SET_RATE_LIMIT];
	struct team *t = &row->t;
	struct err e;

	t->rate_limit_per_second = rate == NULL ? 0 : strtoll(rate, NULL, 10);
	if ((rules != NULL && team_rules_read(a, rules, &t->rules, &e) != 0) ||
		(quotas != NULL &&
			team_quotas_read(a, quotas, &t->quotas, &e) != 0))
		log_warn("project_rules_ignored", "project=%lld error=%s",
			(long long)t->id, log_q(e.text));
}

void
team_settings_apply(struct arena *a, struct team_row *row)
{
	struct team *t = &row->t;
	const char *mode = row->values[TEAM_SET_ANONYMIZE_IPS_MODE];
	const char *heatmaps = row->values[TEAM_SET_HEATMAPS];
	const char *older = row->values[TEAM_SET_DROP_OLDER_THAN];

	t->anonymize = TEAM_IP_KEEP;
	if (is_true(row, TEAM_SET_ANONYMIZE_IPS))
		t->anonymize = mode != NULL && strcmp(mode, "\"truncate\"") == 0
				       ? TEAM_IP_TRUNCATE
				       : TEAM_IP_DROP;
	t->person_processing_opt_out = is_true(row, TEAM_SET_PERSON_OPT_OUT);
	t->heatmaps_refused =
		heatmaps != NULL && strcmp(heatmaps, "false") == 0;
	t->drop_older_than_s = older == NULL ? 0 : strtoll(older, NULL, 10);
	t->person_update_all = is_true(row, TEAM_SET_PERSON_UPDATE_ALL);
	t->flag_called_personless =
		is_true(row, TEAM_SET_FLAG_CALLED_PERSONLESS);
	t->person_last_seen = is_true(row, TEAM_SET_PERSON_LAST_SEEN);
	apply_rules(a, row);
	t->dedupe_uuids = row->values[TEAM_SET_DEDUPE_UUIDS] == NULL ||
			  is_true(row, TEAM_SET_DEDUPE_UUIDS);
}

const char *
team_setting_json(const struct team *t, const char *name)
{
	const struct team_row *row = (const struct team_row *)(const void *)t;
	int i = team_setting_find(slice_str(name));

	if (i < 0)
		return NULL;
	return row->values[i] != NULL ? row->values[i] : rows[i].def;
}

void
team_write_json(const struct team *t, struct buf *out)
{
	const struct team_row *row = (const struct team_row *)(const void *)t;

	buf_printf(out,
		"{\"id\":%lld,\"uuid\":\"%s\",\"name\":", (long long)t->id,
		t->uuid);
	json_put_string(out, slice_str(t->name));
	buf_append_lit(out, ",\"api_token\":");
	json_put_string(out, slice_str(t->token));
	for (int i = 0; i < TEAM_N_SETTINGS; i++) {
		buf_printf(out, ",\"%s\":", rows[i].name);
		buf_append_str(out,
			row->values[i] != NULL ? row->values[i] : rows[i].def);
	}
	buf_append_char(out, '}');
}
