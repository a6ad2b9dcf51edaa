#include "base/clock.h"
#include "base/json_write.h"
#include "team/team_int.h"

/* What a form of a project is made of: its settings, its old keys; as JSON. */
struct row {
	const char *name, *kind, *def, *allowed, *group, *help;
	double min, max;
};

static const struct row rows[] = {
#define TEAM_SETTING(id, name, kind, def, min, max, allowed, group, help)      \
	{name, #kind, def, allowed, group, help, min, max},
#include "team/settings.def"
#undef TEAM_SETTING
};

static void
put_member(struct buf *b, const char *name, const char *text)
{
	buf_printf(b, ",\"%s\":", name);
	json_put_string(b, slice_str(text));
}

/* bool, maybe, int, … */
static void
put_kind(struct buf *b, const char *kind)
{
	buf_append_lit(b, ",\"kind\":\"");
	for (; *kind != '\0'; kind++)
		buf_append_char(b, (char)(*kind | 32));
	buf_append_char(b, '"');
}

static void
put_choices(struct buf *b, const struct row *r)
{
	const char *at = strcmp(r->kind, "WORD") == 0 ? r->allowed : "";

	buf_append_lit(b, ",\"choices\":[");
	while (*at != '\0') {
		size_t n = strcspn(at, "|");

		json_put_string(b, slice_of(at, n));
		at += n;
		if (*at == '|') {
			buf_append_char(b, ',');
			at++;
		}
	}
	buf_append_char(b, ']');
}

void
team_write_settings_table(struct buf *out)
{
	buf_append_char(out, '[');
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];

		buf_append_str(out, i == 0 ? "{\"name\":" : ",{\"name\":");
		json_put_string(out, slice_str(r->name));
		put_member(out, "group", r->group);
		put_kind(out, r->kind);
		put_member(out, "help", r->help);
		put_member(out, "allowed", r->allowed);
		put_choices(out, r);
		buf_printf(out, ",\"default\":%s", r->def);
		if (r->min < r->max)
			buf_printf(out, ",\"min\":%.0f,\"max\":%.0f}", r->min,
				r->max);
		else
			buf_append_lit(out, ",\"min\":null,\"max\":null}");
	}
	buf_append_char(out, ']');
}

void
team_write_old_tokens(
	const struct team_snapshot *s, int64_t id, struct buf *out)
{
	int64_t now_us = clock_now_us();
	bool first = true;

	buf_append_char(out, '[');
	for (unsigned i = 0; i <= s->mask; i++) {
		const struct team_token *t = &s->tokens[i];
		char text[CLOCK_TEXT_MAX];

		if (t->text == NULL || t->t->id != id ||
			t->expires_at_us == INT64_MAX ||
			t->expires_at_us <= now_us)
			continue;
		clock_format(t->expires_at_us, CLOCK_ISO_MS, text);
		buf_append_str(
			out, first ? "{\"api_token\":" : ",{\"api_token\":");
		first = false;
		json_put_string(out, slice_str(t->text));
		put_member(out, "expires_at", text);
		buf_append_char(out, '}');
	}
	buf_append_char(out, ']');
}
