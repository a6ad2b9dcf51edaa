#include "explore/saved.h"

#include "admin/admin_int.h"

/* Queries that people keep. */

static struct saved_who
who_of(const struct admin_call *c)
{
	return (struct saved_who){
		.id = c->who.user_id,
		.name = c->who.name[0] == '\0' ? "command line" : c->who.name,
		.is_admin = c->who.role == AUTH_ADMIN,
	};
}

static int
read_query(struct admin_call *c, struct saved_query *q, struct err *e)
{
	const char *name, *query;
	uint32_t chart;
	int rc = admin_need_body(c, e);

	if (rc == 0)
		rc = admin_body_string(c, "name", &name, e);
	if (rc == 0)
		rc = admin_body_string(c, "query", &query, e);
	if (rc < 0)
		return rc;
	if (name == NULL || query == NULL)
		return admin_invalid(c, e, name == NULL ? "name" : "query",
			"name and query are wanted");
	chart = json_member(&c->json, 0, SLICE_LIT("chart"));
	*q = (struct saved_query){
		.name = slice_trim(slice_str(name)),
		.query = slice_str(query),
		.chart = chart == 0 ? SLICE_LIT("{}")
				    : json_raw(&c->json, chart),
		.is_shared = admin_body_flag(c, "is_shared"),
	};
	return 0;
}

int
admin_saved_list(struct admin_call *c, struct err *e)
{
	const struct saved_who who = who_of(c);

	return saved_list(c->a->o.config, &who, &c->out, e);
}

int
admin_saved_create(struct admin_call *c, struct err *e)
{
	const struct saved_who who = who_of(c);
	struct saved_query q;
	int rc = read_query(c, &q, e);

	if (rc == 0)
		rc = saved_create(c->a->o.config, &who, &q, &c->out, e);
	return rc;
}

/* Another's query is no lack of a sign-in. */
static int
tell_denied(struct admin_call *c, int rc, struct err *e)
{
	char text[sizeof(e->text)];

	if (rc != -ERR_DENIED)
		return rc;
	memcpy(text, e->text, sizeof(text));
	return admin_refuse(c, e, 403, "forbidden", "%s", text);
}

int
admin_saved_show(struct admin_call *c, struct err *e)
{
	const struct saved_who who = who_of(c);
	int64_t id;
	int rc = admin_param_i64(c, 0, "id", &id, e);

	if (rc == 0)
		rc = saved_show(c->a->o.config, &who, id, &c->out, e);
	return rc;
}

int
admin_saved_change(struct admin_call *c, struct err *e)
{
	const struct saved_who who = who_of(c);
	struct saved_query q;
	int64_t id;
	int rc = admin_param_i64(c, 0, "id", &id, e);

	if (rc == 0)
		rc = read_query(c, &q, e);
	if (rc == 0)
		rc = saved_change(c->a->o.config, &who, id, &q, &c->out, e);
	return tell_denied(c, rc, e);
}

int
admin_saved_delete(struct admin_call *c, struct err *e)
{
	const struct saved_who who = who_of(c);
	int64_t id;
	int rc = admin_param_i64(c, 0, "id", &id, e);

	if (rc == 0)
		rc = saved_delete(c->a->o.config, &who, id, e);
	if (rc == 0)
		buf_append_lit(&c->out, "{\"deleted\":true}\n");
	return tell_denied(c, rc, e);
}
