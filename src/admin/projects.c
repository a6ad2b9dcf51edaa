#include <stdio.h>
#include <string.h>

#include "admin/admin_int.h"
#include "base/json_write.h"
#include "team/team.h"

#define SETTINGS_MAX 64
#define GRACE_MAX_H 87600

/* What is to be done in PostHog is no matter of who asks. */
static int
told(struct admin_call *c, int rc, struct err *e)
{
	struct err why;

	if (rc != -(int)ERR_DENIED)
		return rc;
	why = *e;
	return admin_refuse(c, e, 409, "elsewhere", "%s", why.text);
}

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

/* The error is about the setting that its text begins with. */
static void
name_setting(struct admin_call *c, const char *const *settings,
	const struct err *e, int rc)
{
	for (; rc < 0 && *settings != NULL; settings++) {
		size_t n = strcspn(*settings, "=");

		if (strncmp(e->text, *settings, n) == 0 &&
			(e->text[n] == '=' || e->text[n] == ':'))
			snprintf(c->field, sizeof(c->field), "%.*s", (int)n,
				*settings);
	}
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
		rc = told(c,
			team_create(
				c->a->o.teams, name, token, settings, &id, e),
			e);
	if (rc < 0)
		return rc;
	c->status = 201;
	return show(c, id, e);
}

/* The name after the settings: what may fail for more reasons comes first. */
int
admin_projects_set(struct admin_call *c, struct err *e)
{
	const char *settings[SETTINGS_MAX + 1];
	const char *name = NULL;
	int64_t id;
	int rc = admin_param_i64(c, 0, "id", &id, e);

	if (rc == 0)
		rc = admin_need_body(c, e);
	if (rc == 0)
		rc = admin_body_string(c, "name", &name, e);
	if (rc == 0)
		rc = read_settings(c, settings, e);
	if (rc == 0 && (settings[0] != NULL || name == NULL)) {
		rc = told(c, team_set(c->a->o.teams, id, settings, e), e);
		name_setting(c, settings, e, rc);
	}
	if (rc == 0 && name != NULL)
		rc = told(c, team_rename(c->a->o.teams, id, name, e), e);
	return rc < 0 ? rc : show(c, id, e);
}

static int
body_grace_h(struct admin_call *c, int64_t *out, struct err *e)
{
	uint32_t node = c->json.n_nodes == 0 ? 0
					     : json_member(&c->json, 0,
						       SLICE_LIT("grace_h"));

	*out = -1;
	if (node == 0 || c->json.nodes[node].type == JSON_NULL)
		return 0;
	if (c->json.nodes[node].type != JSON_NUMBER ||
		!slice_i64(json_raw(&c->json, node), out) || *out < 0 ||
		*out > GRACE_MAX_H)
		return admin_invalid(c, e, "grace_h",
			"grace_h: hours from 0 to %d are wanted", GRACE_MAX_H);
	return 0;
}

int
admin_projects_rotate(struct admin_call *c, struct err *e)
{
	int64_t id, grace_h;
	int rc = admin_param_i64(c, 0, "id", &id, e);

	if (rc == 0)
		rc = body_grace_h(c, &grace_h, e);
	if (rc == 0)
		rc = told(
			c, team_rotate_token(c->a->o.teams, id, grace_h, e), e);
	return rc < 0 ? rc : show(c, id, e);
}

int
admin_projects_old_tokens(struct admin_call *c, struct err *e)
{
	const struct team_snapshot *snap;
	const struct team *t;
	int rc = admin_project(c, &snap, &t, e);

	if (rc < 0)
		return rc;
	buf_append_lit(&c->out, "{\"items\":");
	team_write_old_tokens(snap, t->id, &c->out);
	buf_append_lit(&c->out, ",\"next\":null}\n");
	team_snapshot_unref(snap);
	return 0;
}

/* Of the query's api_token, or all. */
int
admin_projects_revoke(struct admin_call *c, struct err *e)
{
	struct slice token = admin_query(c, "api_token");
	const char *text = NULL;
	int64_t id;
	int rc = admin_param_i64(c, 0, "id", &id, e);

	if (rc == 0 && token.p != NULL) {
		text = arena_strndup(c->arena, token);
		if (text == NULL)
			rc = err_set(e, ERR_NO_MEMORY, "no memory");
	}
	if (rc == 0)
		rc = told(c, team_revoke_old(c->a->o.teams, id, text, e), e);
	if (rc < 0)
		return rc;
	buf_printf(&c->out, "{\"id\":%lld,\"deleted\":true}\n", (long long)id);
	return 0;
}

int
admin_project_settings(struct admin_call *c, struct err *e)
{
	(void)e;
	buf_append_lit(&c->out, "{\"items\":");
	team_write_settings_table(&c->out);
	buf_append_lit(&c->out, ",\"next\":null}\n");
	return 0;
}

int
admin_projects_delete(struct admin_call *c, struct err *e)
{
	int64_t id;
	int rc = admin_param_i64(c, 0, "id", &id, e);

	if (rc == 0)
		rc = told(c, team_delete(c->a->o.teams, id, e), e);
	if (rc < 0)
		return rc;
	buf_printf(&c->out, "{\"id\":%lld,\"deleted\":true}\n", (long long)id);
	return 0;
}
