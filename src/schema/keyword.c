#include "schema/schema_int.h"

/* What the value of a keyword must be. */
enum kind {
	KIND_NOTE, /* anything: it is for readers of the document */
	KIND_TYPE, /* a type's name, or several */
	KIND_NUMBER,
	KIND_COUNT,
	KIND_LIST, /* an array */
	KIND_NAMES, /* an array of strings */
	KIND_SCHEMA,
	KIND_SCHEMAS, /* an array of them */
	KIND_MEMBERS, /* an object of them */
	KIND_REF,
};

/* schema-3. To add one: a row, and its check in check.c or value.c. */
static const struct keyword {
	const char *name;
	enum kind kind;
} keywords[] = {
	{"type", KIND_TYPE}, {"properties", KIND_MEMBERS},
	{"required", KIND_NAMES}, {"additionalProperties", KIND_SCHEMA},
	{"maxProperties", KIND_COUNT}, {"items", KIND_SCHEMA},
	{"minItems", KIND_COUNT}, {"maxItems", KIND_COUNT},
	{"minLength", KIND_COUNT}, {"maxLength", KIND_COUNT},
	{"minimum", KIND_NUMBER}, {"maximum", KIND_NUMBER}, {"enum", KIND_LIST},
	{"anyOf", KIND_SCHEMAS}, {"$ref", KIND_REF}, {"title", KIND_NOTE},
	{"description", KIND_NOTE}, {"default", KIND_NOTE},
	{"examples", KIND_NOTE}, {"format", KIND_NOTE}, {"readOnly", KIND_NOTE},
	{"x-status", KIND_NOTE}, /* of an answer, if it is not 200 */
	{"x-content-type", KIND_NOTE}, /* of an answer that is no JSON */
};
#define N_KEYWORDS (sizeof(keywords) / sizeof(keywords[0]))

static const char *const types[] = {
	"null", "boolean", "integer", "number", "string", "array", "object"};
#define N_TYPES (sizeof(types) / sizeof(types[0]))

static int check_schema(const struct schema_set *set, struct schema_at s,
	int depth, struct err *e);

static bool
is_type_name(struct schema_at v)
{
	for (size_t i = 0; i < N_TYPES; i++)
		if (v.d->nodes[v.node].type == JSON_STRING &&
			slice_eq_str(json_inner(v.d, v.node), types[i]))
			return true;
	return false;
}

static bool
is_type(struct schema_at v)
{
	if (v.d->nodes[v.node].type != JSON_ARRAY)
		return is_type_name(v);
	for (uint32_t i = json_first(v.d, v.node); i < v.d->nodes[v.node].next;
		i = v.d->nodes[i].next)
		if (!is_type_name((struct schema_at){v.d, i}))
			return false;
	return v.d->nodes[v.node].n > 0;
}

static bool
is_list(struct schema_at v, bool of_names)
{
	if (v.d->nodes[v.node].type != JSON_ARRAY)
		return false;
	for (uint32_t i = json_first(v.d, v.node); i < v.d->nodes[v.node].next;
		i = v.d->nodes[i].next)
		if (of_names && v.d->nodes[i].type != JSON_STRING)
			return false;
	return true;
}

/* Each element of an array, or each member of an object. */
static int
check_each(const struct schema_set *set, struct schema_at v, int depth,
	struct err *e)
{
	bool is_object = v.d->nodes[v.node].type == JSON_OBJECT;
	int rc = 0;

	for (uint32_t i = json_first(v.d, v.node);
		rc == 0 && i < v.d->nodes[v.node].next;
		i = v.d->nodes[is_object ? i + 1 : i].next)
		rc = check_schema(set,
			(struct schema_at){v.d, is_object ? i + 1 : i}, depth,
			e);
	return rc;
}

static int
check_value(const struct schema_set *set, const struct keyword *k,
	struct schema_at v, int depth, struct err *e)
{
	enum json_type type = v.d->nodes[v.node].type;
	int64_t n;
	bool good = true;

	switch (k->kind) {
	case KIND_NOTE:
		break;
	case KIND_TYPE:
		good = is_type(v);
		break;
	case KIND_NUMBER:
		good = type == JSON_NUMBER;
		break;
	case KIND_COUNT:
		good = type == JSON_NUMBER && json_i64(v.d, v.node, &n) &&
		       n >= 0;
		break;
	case KIND_LIST:
	case KIND_NAMES:
		good = is_list(v, k->kind == KIND_NAMES);
		break;
	case KIND_SCHEMA:
		return check_schema(set, v, depth, e);
	case KIND_SCHEMAS:
		good = type == JSON_ARRAY;
		break;
	case KIND_MEMBERS:
		good = type == JSON_OBJECT;
		break;
	case KIND_REF:
		good = type == JSON_STRING;
		break;
	}
	if (!good)
		return err_set(e, ERR_BUG, "%s: a wrong value", k->name);
	if (k->kind == KIND_SCHEMAS || k->kind == KIND_MEMBERS)
		return check_each(set, v, depth, e);
	return 0;
}

static const struct keyword *
find_keyword(struct slice name)
{
	for (size_t i = 0; i < N_KEYWORDS; i++)
		if (slice_eq_str(name, keywords[i].name))
			return &keywords[i];
	return NULL;
}

static int
check_schema(const struct schema_set *set, struct schema_at s, int depth,
	struct err *e)
{
	const struct json_node *n = &s.d->nodes[s.node];
	struct schema_at to = s;
	int rc = 0;

	if (n->type == JSON_TRUE || n->type == JSON_FALSE)
		return 0;
	if (n->type != JSON_OBJECT || depth > SCHEMA_DEPTH_MAX)
		return err_set(e, ERR_BUG, "a schema is wanted: %.*s",
			SLICE_FMT(json_raw(s.d, s.node)));
	if (!schema_follow(set, &to))
		return err_set(e, ERR_BUG, "a reference to nothing: %.*s",
			SLICE_FMT(json_raw(s.d, s.node)));
	for (uint32_t i = json_first(s.d, s.node); rc == 0 && i < n->next;
		i = s.d->nodes[i + 1].next) {
		const struct keyword *k = find_keyword(json_inner(s.d, i));

		if (k == NULL)
			return err_set(e, ERR_BUG, "an unknown keyword: %.*s",
				SLICE_FMT(json_inner(s.d, i)));
		rc = check_value(
			set, k, (struct schema_at){s.d, i + 1}, depth + 1, e);
	}
	return rc;
}

int
schema_check_row(const struct schema_set *set, const struct schema_row_doc *row,
	struct err *e)
{
	int rc = check_schema(set, (struct schema_at){&row->d, 0}, 0, e);

	if (rc < 0)
		err_prefix(e, "schema %.*s", SLICE_FMT(row->name));
	return rc;
}
