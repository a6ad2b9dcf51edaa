#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "schema/schema_int.h"

#define TEXT_MAX 400

struct check {
	const struct schema_set *set;
	const struct json_doc *d;
	struct schema_fault *f;
	char path[64]; /* cut if it is longer */
	size_t path_len;
};

static void
set_text(struct schema_fault *f, const char *path, const char *whole,
	const char *text)
{
	snprintf(f->field, sizeof(f->field), "%s", path);
	snprintf(f->text, sizeof(f->text), "%s: %s",
		path[0] == '\0' ? whole : path, text);
}

/* false, always. */
static bool
wanted(struct schema_fault *f, const char *path, const char *whole,
	const struct schema_set *set, struct schema_at s)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	schema_describe(set, s, &b);
	buf_append_str(&b, " is wanted");
	set_text(f, path, whole,
		b.failed || buf_cstr(&b) == NULL ? "it is not as wanted" : b.p);
	buf_fini(&b);
	return false;
}

static size_t
enter(struct check *x, struct slice name, int64_t index)
{
	size_t was = x->path_len;
	size_t left = sizeof(x->path) - was;
	int n = name.p == NULL ? snprintf(x->path + was, left, "[%lld]",
					 (long long)index)
			       : snprintf(x->path + was, left, "%s%.*s",
					 was == 0 ? "" : ".", SLICE_FMT(name));

	x->path_len += (size_t)n < left ? (size_t)n : left - 1;
	return was;
}

static void
leave(struct check *x, size_t was)
{
	x->path_len = was;
	x->path[was] = '\0';
}

static bool check_node(
	struct check *x, struct schema_at s, uint32_t node, int depth);

static bool
fault(struct check *x, struct schema_at s)
{
	return wanted(x->f, x->path, "the body", x->set, s);
}

static bool
check_required(struct check *x, struct schema_at s, uint32_t node)
{
	uint32_t list = schema_key(s, "required");

	if (list == 0)
		return true;
	for (uint32_t i = json_first(s.d, list); i < s.d->nodes[list].next;
		i = s.d->nodes[i].next) {
		struct slice name = json_inner(s.d, i);

		if (json_member(x->d, node, name) != 0)
			continue;
		enter(x, name, 0);
		set_text(x->f, x->path, "", "it is missing");
		return false;
	}
	return true;
}

/* A member that no property names. */
static bool
check_other(struct check *x, struct schema_at s, uint32_t node, int depth)
{
	uint32_t other = schema_key(s, "additionalProperties");

	if (other == 0)
		return true;
	if (s.d->nodes[other].type == JSON_FALSE) {
		set_text(x->f, x->path, "", "there is no such field");
		return false;
	}
	return check_node(x, (struct schema_at){s.d, other}, node, depth);
}

static bool
check_object(struct check *x, struct schema_at s, uint32_t node, int depth)
{
	uint32_t known = schema_key(s, "properties");
	uint32_t most = schema_key(s, "maxProperties");
	int64_t max;

	if (most != 0 && json_i64(s.d, most, &max) &&
		x->d->nodes[node].n > max) {
		set_text(x->f, x->path, "the body", "too many fields");
		return false;
	}
	for (uint32_t i = json_first(x->d, node); i < x->d->nodes[node].next;
		i = x->d->nodes[i + 1].next) {
		struct slice name = json_inner(x->d, i);
		uint32_t p = known == 0 ? 0 : json_member(s.d, known, name);
		size_t was = enter(x, name, 0);
		bool good = p == 0 ? check_other(x, s, i + 1, depth)
				   : check_node(x, (struct schema_at){s.d, p},
					     i + 1, depth);

		if (!good)
			return false;
		leave(x, was);
	}
	return check_required(x, s, node);
}

static bool
check_array(struct check *x, struct schema_at s, uint32_t node, int depth)
{
	uint32_t items = schema_key(s, "items");
	uint32_t least = schema_key(s, "minItems");
	uint32_t most = schema_key(s, "maxItems");
	int64_t n = x->d->nodes[node].n, bound, at = 0;

	if ((least != 0 && json_i64(s.d, least, &bound) && n < bound) ||
		(most != 0 && json_i64(s.d, most, &bound) && n > bound))
		return fault(x, s);
	if (items == 0)
		return true;
	for (uint32_t i = json_first(x->d, node); i < x->d->nodes[node].next;
		i = x->d->nodes[i].next) {
		size_t was = enter(x, SLICE_NONE, at++);

		if (!check_node(x, (struct schema_at){s.d, items}, i, depth))
			return false;
		leave(x, was);
	}
	return true;
}

static const char *
type_word(const struct json_doc *d, uint32_t node)
{
	static const char *const words[] = {
		[JSON_NULL] = "null",
		[JSON_FALSE] = "boolean",
		[JSON_TRUE] = "boolean",
		[JSON_NUMBER] = "number",
		[JSON_STRING] = "string",
		[JSON_ARRAY] = "array",
		[JSON_OBJECT] = "object",
	};

	return words[d->nodes[node].type];
}

static bool
type_fits(const struct json_doc *d, uint32_t node, struct schema_at s)
{
	int64_t n;

	if (schema_has_type(s, type_word(d, node)))
		return true;
	return d->nodes[node].type == JSON_NUMBER &&
	       schema_has_type(s, "integer") && json_i64(d, node, &n);
}

static bool
enum_fits(const struct json_doc *d, uint32_t node, struct schema_at s)
{
	uint32_t list = schema_key(s, "enum");

	if (list == 0)
		return true;
	for (uint32_t i = json_first(s.d, list); i < s.d->nodes[list].next;
		i = s.d->nodes[i].next)
		if (json_equal(s.d, i, d, node))
			return true;
	return false;
}

/* Text without escapes is counted as it stands; an escape counts as one. */
static bool
string_fits(struct check *x, struct schema_at s, uint32_t node)
{
	struct slice raw = json_inner(x->d, node);
	struct buf b;
	bool good;

	if (schema_key(s, "minLength") == 0 && schema_key(s, "maxLength") == 0)
		return true;
	if ((x->d->nodes[node].flags & JSON_ESCAPED) == 0)
		return schema_length_fits(s, raw);
	buf_init(&b, raw.len + 1);
	json_unescape(raw, &b);
	good = !b.failed && schema_length_fits(s, buf_slice(&b));
	buf_fini(&b);
	return good;
}

static bool
check_any(struct check *x, struct schema_at s, uint32_t list, uint32_t node,
	int n)
{
	size_t was = x->path_len;

	for (uint32_t i = json_first(s.d, list); i < s.d->nodes[list].next;
		i = s.d->nodes[i].next) {
		if (check_node(x, (struct schema_at){s.d, i}, node, n))
			return true;
		leave(x, was);
	}
	/* The text is what the last one said. */
	return false;
}

static bool
check_node(struct check *x, struct schema_at s, uint32_t node, int depth)
{
	const struct json_node *n = &x->d->nodes[node];
	uint32_t any;

	/* schema-2 */
	if (depth > SCHEMA_DEPTH_MAX || !schema_follow(x->set, &s)) {
		set_text(x->f, x->path, "the body", "it is too deep");
		return false;
	}
	if (s.d->nodes[s.node].type != JSON_OBJECT)
		return s.d->nodes[s.node].type == JSON_TRUE || fault(x, s);
	any = schema_key(s, "anyOf");
	if (any != 0 && !check_any(x, s, any, node, depth + 1))
		return false;
	if (!type_fits(x->d, node, s) || !enum_fits(x->d, node, s))
		return fault(x, s);
	if (n->type == JSON_NUMBER &&
		!schema_number_fits(s, json_double(x->d, node)))
		return fault(x, s);
	if (n->type == JSON_STRING && !string_fits(x, s, node))
		return fault(x, s);
	if (n->type == JSON_OBJECT)
		return check_object(x, s, node, depth + 1);
	if (n->type == JSON_ARRAY)
		return check_array(x, s, node, depth + 1);
	return true;
}

bool
schema_check(const struct schema_set *set, const char *name,
	const struct json_doc *d, uint32_t node, struct schema_fault *f)
{
	struct check x = {.set = set, .d = d, .f = f};
	struct schema_at s = {schema_find(set, slice_str(name)), 0};

	INVARIANT(s.d != NULL, "schema-1");
	return check_node(&x, s, node, 0);
}
