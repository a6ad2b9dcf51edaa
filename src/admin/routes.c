#include <string.h>

#include "admin/admin_int.h"

/* In the order of the paths. The last row's path is NULL. */
const struct admin_route admin_routes[] = {
	{"GET", "/api/v1/audit", admin_audit},
	{"GET", "/api/v1/config", admin_config},
	{"GET", "/api/v1/consumer-groups", admin_consumer_groups},
	{"GET", "/api/v1/dlq", admin_dlq_list},
	{"POST", "/api/v1/dlq-replay", admin_dlq_replay}, /* its older name */
	{"GET", "/api/v1/dlq/:id", admin_dlq_show},
	{"POST", "/api/v1/dlq/discard", admin_dlq_discard},
	{"GET", "/api/v1/dlq/groups", admin_dlq_groups},
	{"POST", "/api/v1/dlq/replay", admin_dlq_replay},
	{"GET", "/api/v1/drained", admin_drained},
	{"GET", "/api/v1/erasures/:id", admin_erasure},
	{"GET", "/api/v1/projects", admin_projects_list},
	{"POST", "/api/v1/projects", admin_projects_create},
	{"GET", "/api/v1/projects/:id", admin_projects_show},
	{"PATCH", "/api/v1/projects/:id", admin_projects_set},
	{"DELETE", "/api/v1/projects/:id", admin_projects_delete},
	{"GET", "/api/v1/projects/:id/event-definitions",
		admin_event_definitions},
	{"GET", "/api/v1/projects/:id/event-properties",
		admin_event_properties},
	{"GET", "/api/v1/projects/:id/group-types", admin_group_types},
	{"GET", "/api/v1/projects/:id/groups", admin_groups_list},
	{"GET", "/api/v1/projects/:id/groups/:type/:key", admin_groups_show},
	{"GET", "/api/v1/projects/:id/persons", admin_persons_list},
	{"GET", "/api/v1/projects/:id/persons/:distinct_id",
		admin_persons_show},
	{"DELETE", "/api/v1/projects/:id/persons/:distinct_id",
		admin_persons_delete},
	{"GET", "/api/v1/projects/:id/persons/:distinct_id/events",
		admin_person_events},
	{"GET", "/api/v1/projects/:id/persons/:distinct_id/export",
		admin_person_export},
	{"GET", "/api/v1/projects/:id/property-definitions",
		admin_property_definitions},
	{"POST", "/api/v1/projects/:id/rotate-token", admin_projects_rotate},
	{"GET", "/api/v1/ready", admin_ready_api},
	{"POST", "/api/v1/sql", admin_sql},
	{"GET", "/api/v1/status", admin_status},
	{"GET", "/api/v1/topics", admin_topics_list},
	{"POST", "/api/v1/topics", admin_topics_create},
	{"DELETE", "/api/v1/topics/:name", admin_topics_delete},
	{"GET", "/api/v1/topics/:name/records", admin_topics_read},
	{"GET", "/api/v1/trace/:uuid", admin_trace},
	{"GET", "/api/v1/trace/:uuid/changes", admin_trace_changes},
	{"GET", "/api/v1/trace/:uuid/places", admin_trace_places},
	{NULL, NULL, NULL},
};

/* Cuts the part before the next slash off rest. */
static struct slice
next_part(struct slice *rest)
{
	const char *slash =
		rest->len == 0 ? NULL : memchr(rest->p, '/', rest->len);
	size_t n = slash == NULL ? rest->len : (size_t)(slash - rest->p);
	struct slice part = slice_of(rest->p, n);

	if (slash != NULL)
		n++;
	rest->p += n;
	rest->len -= n;
	return part;
}

/* How many parameters it took; -1: it is another path. */
static int
matches(const char *pattern, struct slice path,
	struct slice param[ADMIN_PARAMS_MAX])
{
	struct slice rest = slice_str(pattern);
	int n = 0;

	if (path.len > 0 && path.p[path.len - 1] == '/')
		return -1;
	while (rest.len > 0 && path.len > 0) {
		struct slice want = next_part(&rest);
		struct slice got = next_part(&path);

		if (want.len > 0 && want.p[0] == ':' && got.len > 0)
			param[n++] = got;
		else if (!slice_eq(want, got))
			return -1;
	}
	return rest.len == 0 && path.len == 0 ? n : -1;
}

/* A word in the path is meant before a parameter. */
int
admin_route_find(
	struct admin_call *c, const struct admin_route **out, struct err *e)
{
	bool other_method = false;
	int best = ADMIN_PARAMS_MAX + 1;

	for (const struct admin_route *r = admin_routes; r->path != NULL; r++) {
		struct slice param[ADMIN_PARAMS_MAX] = {SLICE_NONE};
		int n = matches(r->path, c->path, param);

		if (n < 0 || n >= best)
			continue;
		if (!slice_eq_str(c->method, r->method)) {
			other_method = true;
			continue;
		}
		for (int i = 0; i < ADMIN_PARAMS_MAX; i++)
			c->param[i] =
				param[i].p == NULL
					? param[i]
					: admin_decode(c->arena, param[i]);
		*out = r;
		best = n;
	}
	if (best <= ADMIN_PARAMS_MAX)
		return 0;
	if (other_method)
		return err_set(e, ERR_UNSUPPORTED,
			"%.*s cannot be asked by %.*s", SLICE_FMT(c->path),
			SLICE_FMT(c->method));
	return err_set(
		e, ERR_NOT_FOUND, "%.*s: no such path", SLICE_FMT(c->path));
}
