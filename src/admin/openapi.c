#include <string.h>

#include "admin/check.h"
#include "base/json_write.h"

/* The document is made of the route table and the schemas alone. */
#define API_PREFIX "/api/v1/"

static const char head[] =
	"{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Sluice\",\"version\":"
	"\"" PACKAGE_VERSION "\",\"description\":"
	"\"The API of the admin port and of the data folder's socket. Lists "
	"are "
	"{items, next}: next is the cursor of the page behind, null at the "
	"end. On the socket no sign-in is needed.\"},"
	"\"servers\":[{\"url\":\"/\"}],\"paths\":{";

static const char security_schemes[] =
	"\"securitySchemes\":{\"session\":{\"type\":\"apiKey\",\"in\":"
	"\"cookie\",\"name\":\"sluice_session\",\"description\":\"Given by "
	"POST /api/v1/session.\"},\"csrf\":{\"type\":\"apiKey\",\"in\":"
	"\"header\",\"name\":\"X-CSRF-Token\",\"description\":\"With a "
	"session: the csrf_token of GET /api/v1/session.\"},\"key\":{\"type\":"
	"\"http\",\"scheme\":\"bearer\",\"description\":\"A personal key with "
	"the scope that is named.\"}}";

static const char error_answer[] =
	"\"responses\":{\"error\":{\"description\":\"What is wrong and what to "
	"do.\",\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
	"\"#/components/schemas/error\"}}}}}";

/* /projects/:id as /projects/{id} */
static void
put_path(struct buf *b, const char *path)
{
	bool in_part = false;

	buf_append_char(b, '"');
	for (; *path != '\0'; path++) {
		if (*path == '/' && in_part)
			buf_append_char(b, '}');
		if (*path == '/')
			in_part = false;
		if (*path == ':')
			in_part = true;
		buf_append_char(b, *path == ':' ? '{' : *path);
	}
	buf_append_str(b, in_part ? "}\":{" : "\":{");
}

static void
put_lower(struct buf *b, const char *word)
{
	for (; *word != '\0'; word++)
		buf_append_char(b, (char)(*word | 0x20));
}

/* get_projects_id */
static void
put_operation_id(struct buf *b, const struct admin_route *r)
{
	const char *at = r->path + strlen(API_PREFIX);

	buf_append_lit(b, "\"operationId\":\"");
	put_lower(b, r->method);
	buf_append_char(b, '_');
	for (; *at != '\0'; at++)
		if (*at != ':')
			buf_append_char(b, *at == '/' ? '_' : *at);
	buf_append_char(b, '"');
}

static const char *
role_name(enum auth_role role)
{
	switch (role) {
	case AUTH_OPEN:
		return "open";
	case AUTH_VIEWER:
		return "viewer";
	case AUTH_MEMBER:
		return "member";
	case AUTH_ADMIN:
	case AUTH_N_ROLES:
		break;
	}
	return "admin";
}

static void
put_security(struct buf *b, const struct admin_route *r)
{
	bool is_get = strcmp(r->method, "GET") == 0;

	buf_printf(b, ",\"x-role\":\"%s\"", role_name(r->role));
	if (r->role == AUTH_OPEN) {
		buf_append_lit(b, ",\"security\":[]");
		return;
	}
	buf_printf(b, ",\"security\":[{\"session\":[]%s}",
		is_get ? "" : ",\"csrf\":[]");
	if (r->scope != NULL)
		buf_printf(b, ",{\"key\":[\"%s\"]}", r->scope);
	buf_append_char(b, ']');
}

static void
put_param(struct buf *b, const struct schema_set *s,
	const struct check_param *p, const char *in)
{
	const struct json_doc *d = schema_find(s, slice_str(p->schema));
	uint32_t help =
		d == NULL ? 0 : json_member(d, 0, SLICE_LIT("description"));

	buf_append_lit(b, "{\"name\":");
	json_put_string(b, p->name);
	buf_printf(b, ",\"in\":\"%s\",\"required\":%s", in,
		p->is_required ? "true" : "false");
	if (help != 0) {
		buf_append_lit(b, ",\"description\":");
		buf_append_slice(b, json_raw(d, help));
	}
	buf_append_lit(b, ",\"schema\":");
	if (d == NULL)
		buf_append_lit(b, "{\"type\":\"string\",\"minLength\":1}");
	else
		buf_append_slice(b, json_raw(d, 0));
	buf_append_char(b, '}');
}

static void
put_params(
	struct buf *b, const struct schema_set *s, const struct admin_route *r)
{
	const char *path = r->path, *query = r->query;
	struct check_param p;
	const char *comma = "";

	buf_append_lit(b, ",\"parameters\":[");
	for (; check_path_next(&path, &p); comma = ",") {
		buf_append_str(b, comma);
		put_param(b, s, &p, "path");
	}
	for (; check_param_next(&query, &p); comma = ",") {
		buf_append_str(b, comma);
		put_param(b, s, &p, "query");
	}
	buf_append_char(b, ']');
}

static void
put_content(struct buf *b, struct slice type, const char *schema)
{
	buf_printf(b,
		"\"content\":{\"%.*s\":{\"schema\":{\"$ref\":"
		"\"#/components/schemas/%s\"}}}",
		SLICE_FMT(type), schema);
}

static void
put_answers(
	struct buf *b, const struct schema_set *s, const struct admin_route *r)
{
	const struct json_doc *d =
		r->answer == NULL ? NULL : schema_find(s, slice_str(r->answer));
	struct slice type = SLICE_LIT("application/json");
	int64_t status = 200;
	uint32_t node;

	if (d != NULL) {
		node = json_member(d, 0, SLICE_LIT("x-content-type"));
		if (node != 0)
			type = json_inner(d, node);
		node = json_member(d, 0, SLICE_LIT("x-status"));
		if (node != 0 && !json_i64(d, node, &status))
			status = 200;
	}
	buf_printf(b, ",\"responses\":{\"%lld\":{\"description\":\"Done.\"",
		(long long)status);
	if (d != NULL) {
		buf_append_char(b, ',');
		put_content(b, type, r->answer);
	}
	buf_append_lit(b,
		"},\"default\":{\"$ref\":\"#/components/responses/error\"}}");
}

static void
put_operation(
	struct buf *b, const struct schema_set *s, const struct admin_route *r)
{
	const char *noun = r->path + strlen(API_PREFIX);

	buf_append_char(b, '"');
	put_lower(b, r->method);
	buf_append_lit(b, "\":{");
	put_operation_id(b, r);
	buf_append_lit(b, ",\"summary\":");
	json_put_string(b, slice_str(r->summary));
	buf_printf(b, ",\"tags\":[\"%.*s\"]", (int)strcspn(noun, "/"), noun);
	put_security(b, r);
	put_params(b, s, r);
	if (r->body != NULL) {
		buf_printf(b, ",\"requestBody\":{\"required\":%s,",
			check_needs_body(s, r) ? "true" : "false");
		put_content(b, SLICE_LIT("application/json"), r->body);
		buf_append_char(b, '}');
	}
	put_answers(b, s, r);
	buf_append_char(b, '}');
}

static void
put_schemas(struct buf *b)
{
	const char *comma = "";

	buf_append_lit(b, "\"schemas\":{");
	for (const struct schema_row *r = check_rows(); r->name != NULL; r++) {
		if (r->name[0] == CHECK_PARAM_PREFIX[0])
			continue;
		buf_printf(b, "%s\"%s\":%s", comma, r->name, r->text);
		comma = ",";
	}
	buf_append_char(b, '}');
}

static void
put_document(struct buf *b, const struct schema_set *s)
{
	const struct admin_route *before = NULL;

	buf_append_str(b, head);
	for (const struct admin_route *r = admin_routes; r->path != NULL; r++) {
		bool is_new =
			before == NULL || strcmp(before->path, r->path) != 0;

		if (before != NULL)
			buf_append_str(b, is_new ? "}," : ",");
		if (is_new)
			put_path(b, r->path);
		put_operation(b, s, r);
		before = r;
	}
	buf_append_lit(b, "}},\"components\":{");
	buf_append_str(b, security_schemes);
	buf_append_char(b, ',');
	buf_append_str(b, error_answer);
	buf_append_char(b, ',');
	put_schemas(b);
	buf_append_lit(b, "}}\n");
}

int
admin_openapi(struct admin_call *c, struct err *e)
{
	(void)e;
	put_document(&c->out, c->a->schemas);
	return 0;
}

int
admin_openapi_text(struct buf *out, struct err *e)
{
	struct schema_set *s;
	int rc = check_new(&s, e);

	if (rc < 0)
		return rc;
	put_document(out, s);
	schema_set_free(s);
	return 0;
}
