#include <string.h>

#include "admin/admin_int.h"
#include "base/json_write.h"
#include "team/team.h"

#define SETTINGS_MAX 64

int
admin_projects_list(struct admin_call *c, struct err *e)
{
	const struct team_snapshot *snap = team_snapshot_get(c->a->o.teams);

	(void)e;
	buf_append_lit(&c->out, "{\"items\":[");
	for (int i = 0; i < team_count(snap); i++) {
		if (i > 0)
			buf_append_char(&c->out, ',');
		team_write_json(team_at(snap, i), &c->out);
	}
	buf_append_lit(&c->out, "],\"next\":null}\n");
	team_snapshot_unref(snap);
	return 0;
}

static int
show(struct admin_call *c, int64_t id, struct err *e)
{
	const struct team_snapshot *snap = team_snapshot_get(c->a->o.teams);
	const struct team *t = team_by_id(snap, id);

	if (t != NULL)
		team_write_json(t, &c->out);
	team_snapshot_unref(snap);
	if (t == NULL)
		return err_set(e, ERR_NOT_FOUND,
			"no project has the id %lld: see sluice project list",
			(long long)id);
	buf_append_char(&c->out, '\n');
	return 0;
}

int
admin_projects_show(struct admin_call *c, struct err *e)
{
	int64_t id;
	int rc = admin_param_i64(c, 0, "id", &id, e);

	return rc < 0 ? rc : show(c, id, e);
}

/* Members of the body's object "settings" as "name=value" texts. */
static int
read_settings(struct admin_call *c, const char **out, struct err *e)
{
	const struct json_doc *d = &c->json;
	uint32_t o = json_member(d, 0, SLICE_LIT("settings"));
	int n = 0;

	out[0] = NULL;
	if (o == 0)
		return 0;
	if (d->nodes[o].type != JSON_OBJECT || d->nodes[o].n > SETTINGS_MAX)
		return admin_invalid(c, e, "settings",
			"settings: an object of at most %d is wanted",
			SETTINGS_MAX);
	for (uint32_t i = json_first(d, o); i < d->nodes[o].next;
		i = d->nodes[i + 1].next) {
		struct slice k = json_string(d, i, c->arena);
		struct slice v = d->nodes[i + 1].type == JSON_STRING
					 ? json_string(d, i + 1, c->arena)
					 : json_raw(d, i + 1);
		char *text = arena_alloc(c->arena, k.len + v.len + 2);

		if (text == NULL || k.p == NULL || v.p == NULL)
			return err_set(e, ERR_NO_MEMORY, "no memory");
		memcpy(text, k.p, k.len);
		text[k.len] = '=';
		memcpy(text + k.len + 1, v.p, v.len);
		text[k.len + 1 + v.len] = '\0';
		out[n++] = text;
	}
	out[n] = NULL;
	return 0;
}

int
admin_projects_create(struct admin_call *c, struct err *e)
{
	const char *settings[SETTINGS_MAX + 1];
	const char *name, *token;
	int64_t id;
	int rc = admin_need_body(c, e);

	if (rc == 0)
		rc = admin_body_string(c, "name", &name, e);
	if (rc == 0 && (name == NULL || name[0] == '\0'))
		rc = admin_invalid(c, e, "name", "name: a project needs one");
	if (rc == 0)
		rc = admin_body_string(c, "api_token", &token, e);
	if (rc == 0)
		rc = read_settings(c, settings, e);
	if (rc == 0)
		rc = team_create(c->a->o.teams, name, token, settings, &id, e);
	if (rc < 0)
		return rc;
	c->status = 201;
	return show(c, id, e);
}

int
admin_projects_set(struct admin_call *c, struct err *e)
{
	const char *settings[SETTINGS_MAX + 1];
	int64_t id;
	int rc = admin_param_i64(c, 0, "id", &id, e);

	if (rc == 0)
		rc = admin_need_body(c, e);
	if (rc == 0)
		rc = read_settings(c, settings, e);
	if (rc == 0)
		rc = team_set(c->a->o.teams, id, settings, e);
	return rc < 0 ? rc : show(c, id, e);
}

int
admin_projects_rotate(struct admin_call *c, struct err *e)
{
	int64_t id;
	int rc = admin_param_i64(c, 0, "id", &id, e);

	if (rc == 0)
		rc = team_rotate_token(c->a->o.teams, id, e);
	return rc < 0 ? rc : show(c, id, e);
}

int
admin_projects_delete(struct admin_call *c, struct err *e)
{
	int64_t id;
	int rc = admin_param_i64(c, 0, "id", &id, e);

	if (rc == 0)
		rc = team_delete(c->a->o.teams, id, e);
	if (rc < 0)
		return rc;
	buf_printf(&c->out, "{\"id\":%lld,\"deleted\":true}\n", (long long)id);
	return 0;
}
