#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/admin_int.h"
#include "base/clock.h"
#include "http/http.h"
#include "team/team.h"

void
admin_call_init(struct admin_call *c, struct admin *a, struct arena *arena,
	struct slice method, struct slice target, struct slice body)
{
	const char *mark =
		target.len == 0 ? NULL : memchr(target.p, '?', target.len);

	memset(c, 0, sizeof(*c));
	c->a = a;
	c->arena = arena;
	c->method = method;
	c->path = target;
	if (mark != NULL) {
		c->path.len = (size_t)(mark - target.p);
		c->query = slice_of(mark + 1, target.len - c->path.len - 1);
	}
	c->body = body;
	/* Whoever opens the socket or the files is an administrator. */
	c->who = (struct auth_who){.door = AUTH_BY_SOCKET, .role = AUTH_ADMIN};
	c->status = 200;
	c->content_type = "application/json";
	buf_init(&c->out, ADMIN_ANSWER_MAX_BYTES);
}

void
admin_set_header(struct admin_call *c, const char *name, const char *value)
{
	char *copy = arena_strndup(c->arena, slice_str(value));

	if (copy != NULL && c->n_headers < ADMIN_HEADERS_MAX)
		c->headers[c->n_headers++] = (struct admin_header){name, copy};
}

struct slice
admin_query(struct admin_call *c, const char *name)
{
	struct slice rest = c->query;
	struct slice found = SLICE_NONE;
	struct http_pair pair;

	while (http_pair_next(c->arena, &rest, &pair))
		if (slice_eq_str(pair.name, name))
			found = pair.value;
	return found;
}

bool
admin_query_flag(struct admin_call *c, const char *name)
{
	struct slice v = admin_query(c, name);

	return v.p != NULL && !slice_eq_str(v, "0") &&
	       !slice_eq_str(v, "false");
}

bool
slice_i64(struct slice s, int64_t *out)
{
	char text[24];
	char *end;
	long long v;

	if (s.len == 0 || s.len >= sizeof(text))
		return false;
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	errno = 0;
	v = strtoll(text, &end, 10);
	if (*end != '\0' || errno != 0)
		return false;
	*out = v;
	return true;
}

int
admin_query_i64(struct admin_call *c, const char *name, int64_t min,
	int64_t max, int64_t *out, struct err *e)
{
	struct slice v = admin_query(c, name);
	int64_t n;

	if (v.p == NULL)
		return 0;
	if (!slice_i64(v, &n) || n < min || n > max)
		return admin_invalid(c, e, name,
			"%s: a whole number from %lld to %lld is wanted", name,
			(long long)min, (long long)max);
	*out = n;
	return 0;
}

bool
admin_read_time(struct slice s, int64_t *us)
{
	struct clock_civil t = {0};
	char text[40];
	int n;

	if (s.len >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", SLICE_FMT(s));
	n = sscanf(text, "%4d-%2d-%2d%*1[T ]%2d:%2d:%2d", &t.year, &t.month,
		&t.day, &t.hour, &t.minute, &t.second);
	if ((n != 3 && n != 5 && n != 6) || t.month < 1 || t.month > 12 ||
		t.day < 1 || t.day > 31 || t.hour > 23 || t.minute > 59)
		return false;
	*us = clock_from_civil(&t);
	return true;
}

int
admin_need_body(struct admin_call *c, struct err *e)
{
	if (c->json.n_nodes == 0)
		return err_set(e, ERR_INVALID, "a JSON body is wanted");
	return 0;
}

int
admin_body_string(
	struct admin_call *c, const char *name, const char **out, struct err *e)
{
	uint32_t node = c->json.n_nodes == 0
				? 0
				: json_member(&c->json, 0, slice_str(name));
	struct slice s;

	*out = NULL;
	if (node == 0 || c->json.nodes[node].type == JSON_NULL)
		return 0;
	if (c->json.nodes[node].type != JSON_STRING ||
		(c->json.nodes[node].flags & JSON_NUL) != 0)
		return admin_invalid(
			c, e, name, "%s: a string is wanted", name);
	s = json_string(&c->json, node, c->arena);
	*out = arena_strndup(c->arena, s);
	if (*out == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	return 0;
}

bool
admin_body_flag(struct admin_call *c, const char *name)
{
	uint32_t node = c->json.n_nodes == 0
				? 0
				: json_member(&c->json, 0, slice_str(name));

	return node != 0 && c->json.nodes[node].type == JSON_TRUE;
}

int
admin_invalid(struct admin_call *c, struct err *e, const char *field,
	const char *fmt, ...)
{
	va_list ap;

	snprintf(c->field, sizeof(c->field), "%s", field);
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	e->code = ERR_INVALID;
	e->sys_errno = 0;
	return -ERR_INVALID;
}

int
admin_refuse(struct admin_call *c, struct err *e, int status, const char *code,
	const char *fmt, ...)
{
	va_list ap;

	c->refused_status = status;
	c->refused_code = code;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	e->code = ERR_DENIED;
	e->sys_errno = 0;
	return -ERR_DENIED;
}

int
admin_param_i64(struct admin_call *c, int i, const char *what, int64_t *out,
	struct err *e)
{
	if (!slice_i64(c->param[i], out))
		return admin_invalid(c, e, what,
			"%s: a number is wanted, not %.*s", what,
			SLICE_FMT(c->param[i]));
	return 0;
}

static int
hex_digit(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	ch = (char)(ch | 32);
	return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

struct slice
admin_decode(struct arena *a, struct slice s)
{
	char *out = arena_alloc(a, s.len + 1);
	size_t n = 0;

	if (out == NULL)
		return slice_of("", 0);
	for (size_t i = 0; i < s.len; i++) {
		int hi, lo;

		if (s.p[i] == '%' && i + 2 < s.len &&
			(hi = hex_digit(s.p[i + 1])) >= 0 &&
			(lo = hex_digit(s.p[i + 2])) >= 0) {
			out[n++] = (char)(hi << 4 | lo);
			i += 2;
		} else {
			out[n++] = s.p[i];
		}
	}
	return slice_of(out, n);
}

int
admin_project(struct admin_call *c, const struct team_snapshot **snap,
	const struct team **team, struct err *e)
{
	int64_t id;
	int rc = admin_param_i64(c, 0, "id", &id, e);

	if (rc < 0)
		return rc;
	*snap = team_snapshot_get(c->a->o.teams);
	*team = team_by_id(*snap, id);
	if (*team != NULL)
		return 0;
	team_snapshot_unref(*snap);
	return err_set(e, ERR_NOT_FOUND,
		"no project has the id %lld: see sluice project list",
		(long long)id);
}
