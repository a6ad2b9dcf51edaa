#include <stdio.h>
#include <string.h>

#include "admin/check.h"
#include "http/http.h"

#define PAIRS_MAX 64

/* The next word of a row's query: "limit cursor from@time project!". */
bool
check_param_next(const char **rest, struct check_param *out)
{
	const char *at = *rest == NULL ? "" : *rest + strspn(*rest, " ");
	size_t len = strcspn(at, " ");
	const char *mark;

	if (len == 0)
		return false;
	*rest = at + len;
	out->is_required = at[len - 1] == '!';
	if (out->is_required)
		len--;
	mark = memchr(at, '@', len);
	out->name = slice_of(at, mark == NULL ? len : (size_t)(mark - at));
	snprintf(out->schema, sizeof(out->schema), "%s%.*s", CHECK_PARAM_PREFIX,
		(int)len, at);
	return true;
}

bool
check_path_next(const char **rest, struct check_param *out)
{
	const char *at = strstr(*rest, "/:");
	size_t len;

	if (at == NULL)
		return false;
	at += 2;
	len = strcspn(at, "/");
	*rest = at + len;
	out->is_required = true;
	out->name = slice_of(at, len);
	snprintf(out->schema, sizeof(out->schema), "%s:%.*s",
		CHECK_PARAM_PREFIX, (int)len, at);
	return true;
}

static int
fault(struct admin_call *c, const struct schema_fault *f, struct err *e)
{
	return admin_invalid(c, e, f->field, "%s", f->text);
}

/* A part of the path without a row of its own may be any text. */
static int
check_path(struct admin_call *c, const struct admin_route *r, struct err *e)
{
	const struct schema_set *set = c->a->schemas;
	const char *rest = r->path;
	struct check_param p;
	struct schema_fault f;

	for (int i = 0; check_path_next(&rest, &p); i++)
		if (schema_find(set, slice_str(p.schema)) != NULL &&
			!schema_check_text(
				set, p.schema, p.name, c->param[i], &f))
			return fault(c, &f, e);
	return 0;
}

static bool
find_param(
	const struct admin_route *r, struct slice name, struct check_param *out)
{
	const char *rest = r->query;

	while (check_param_next(&rest, out))
		if (slice_eq(out->name, name))
			return true;
	return false;
}

static int
unknown(struct admin_call *c, const struct admin_route *r, struct slice name,
	struct err *e)
{
	const char *rest = r->query;
	struct check_param p;
	char field[64];
	struct buf b;
	int rc;

	buf_init(&b, 300);
	while (check_param_next(&rest, &p)) {
		buf_append_str(&b, b.len == 0 ? "; there are " : ", ");
		buf_append_slice(&b, p.name);
	}
	snprintf(field, sizeof(field), "%.*s", SLICE_FMT(name));
	rc = admin_invalid(c, e, field, "%s: there is no such parameter%.*s",
		field, SLICE_FMT(buf_slice(&b)));
	buf_fini(&b);
	return rc;
}

static int
check_required(struct admin_call *c, const struct admin_route *r, struct err *e)
{
	const char *rest = r->query;
	struct check_param p;
	char field[64];

	while (check_param_next(&rest, &p)) {
		snprintf(field, sizeof(field), "%.*s", SLICE_FMT(p.name));
		if (p.is_required && admin_query(c, field).p == NULL)
			return admin_invalid(
				c, e, field, "%s: it is missing", field);
	}
	return 0;
}

static int
check_query(struct admin_call *c, const struct admin_route *r, struct err *e)
{
	struct slice rest = c->query;
	struct check_param p;
	struct http_pair pair;
	struct schema_fault f;
	int n = 0;

	while (http_pair_next(c->arena, &rest, &pair)) {
		if (++n > PAIRS_MAX)
			return err_set(e, ERR_INVALID,
				"more than %d parameters", PAIRS_MAX);
		if (!find_param(r, pair.name, &p))
			return unknown(c, r, pair.name, e);
		if (!schema_check_text(
			    c->a->schemas, p.schema, p.name, pair.value, &f))
			return fault(c, &f, e);
	}
	return check_required(c, r, e);
}

bool
check_needs_body(const struct schema_set *s, const struct admin_route *r)
{
	const struct json_doc *d =
		r->body == NULL ? NULL : schema_find(s, slice_str(r->body));

	return d != NULL && json_member(d, 0, SLICE_LIT("required")) != 0;
}

/* Where no member must be there, no body is as an empty object. */
static int
check_body(struct admin_call *c, const struct admin_route *r, struct err *e)
{
	const struct json_limits lim = {16, 100000};
	struct slice body = c->body;
	struct schema_fault f;

	if (r->body == NULL)
		return 0;
	if (body.len == 0) {
		if (check_needs_body(c->a->schemas, r))
			return err_set(e, ERR_INVALID, "a JSON body is wanted");
		body = SLICE_LIT("{}");
	}
	if (json_parse(c->arena, body, &lim, &c->json, e) < 0)
		return err_prefix(e, "the request's body");
	if (c->json.nodes[0].type != JSON_OBJECT)
		return err_set(e, ERR_INVALID,
			"the request's body: a JSON object is wanted");
	if (!schema_check(c->a->schemas, r->body, &c->json, 0, &f))
		return fault(c, &f, e);
	return 0;
}

int
check_request(struct admin_call *c, const struct admin_route *r, struct err *e)
{
	int rc = check_path(c, r, e);

	if (rc == 0)
		rc = check_query(c, r, e);
	return rc == 0 ? check_body(c, r, e) : rc;
}

static const struct schema_row rows[] = {
#define SCHEMA(name, ...) {name, #__VA_ARGS__},
#define PARAM(name, ...) {CHECK_PARAM_PREFIX name, #__VA_ARGS__},
#include "admin/schemas.def"
#undef SCHEMA
#undef PARAM
	{NULL, NULL},
};

const struct schema_row *
check_rows(void)
{
	return rows;
}

static int
check_name(const struct schema_set *s, const struct admin_route *r,
	const char *name, struct err *e)
{
	if (name == NULL || schema_find(s, slice_str(name)) != NULL)
		return 0;
	return err_set(e, ERR_BUG, "%s %s: schemas.def has no %s", r->method,
		r->path, name);
}

/* schema-1 */
static int
check_route(
	const struct schema_set *s, const struct admin_route *r, struct err *e)
{
	const char *rest = r->query;
	struct check_param p;
	int rc = check_name(s, r, r->body, e);

	if (rc == 0)
		rc = check_name(s, r, r->answer, e);
	while (rc == 0 && check_param_next(&rest, &p))
		rc = check_name(s, r, p.schema, e);
	return rc;
}

int
check_new(struct schema_set **out, struct err *e)
{
	struct schema_set *s;
	int rc = schema_set_new(rows, &s, e);

	if (rc < 0)
		return rc;
	for (const struct admin_route *r = admin_routes;
		rc == 0 && r->path != NULL; r++)
		rc = check_route(s, r, e);
	if (rc < 0) {
		schema_set_free(s);
		return rc;
	}
	*out = s;
	return 0;
}
