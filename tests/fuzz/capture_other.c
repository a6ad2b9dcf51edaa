#include "capture_other.h"

#include <string.h>

#include "base/json_read.h"
#include "compare_json.h"
#include "fuzz.h"

#define NODES_MAX 4000000

/* Deeper than a request may be, so that depth alone does not refuse. */
static int
read_text(struct capture_ctx *x, struct slice text, struct json_doc *d,
	bool *is_deep)
{
	struct json_limits lim = {JSON_DEPTH_MAX, NODES_MAX};
	struct err e;
	int r = json_parse(x->a, text, &lim, d, &e);

	*is_deep = r != 0 && strncmp(e.text, "too many levels", 15) == 0;
	return r;
}

static uint16_t
levels(const struct json_doc *d)
{
	return d->nodes[0].depth;
}

/* 400 of the parser itself, not of the shapes. */
static bool
is_syntax_error(const struct capture_ctx *x)
{
	return x->no.error == CAPTURE_REQ_PARSING &&
	       strstr(x->no.text, "did not match any variant") == NULL;
}

void
other_after_parse(struct capture_ctx *x, bool refused)
{
	struct other_json *o;
	struct json_doc d;
	bool is_deep;
	int r;

	/* jansson drops a NUL byte that stands behind a number. */
	if (x->text.len == 0 || memchr(x->text.p, '\0', x->text.len) != NULL)
		return;
	r = read_text(x, x->text, &d, &is_deep);
	o = other_load(x->text.p, x->text.len);
	if (refused && is_syntax_error(x) && r == 0) {
		/* Texts inside, of addition a, are read by the same rules. */
		FUZZ_CHECK(levels(&d) > LIMIT_JSON_DEPTH ||
			   json_member(&d, 0, SLICE_LIT("data")) != 0);
	} else if (!refused) {
		FUZZ_CHECK(r == 0);
		FUZZ_CHECK(o != NULL || compare_may_be_refused(&d));
	}
	if (o != NULL)
		FUZZ_CHECK(r == 0 || is_deep);
	other_free(o);
}

static bool
is_text(const struct other_json *v)
{
	return v != NULL && other_kind_of(v) == OTHER_STRING;
}

static const struct other_json *
member(const struct other_json *v, const char *name)
{
	return other_kind_of(v) == OTHER_OBJECT
		       ? other_member(v, name, strlen(name))
		       : NULL;
}

/* The i-th event as jansson sees it; NULL where the shape is one of ours. */
static const struct other_json *
find_event(
	const struct capture_ctx *x, const struct other_json *root, uint32_t i)
{
	const struct other_json *batch;

	if (other_kind_of(root) == OTHER_ARRAY)
		return other_at(root, i);
	batch = member(root, "batch");
	if (batch != NULL && other_kind_of(batch) == OTHER_ARRAY &&
		(x->body.is_batch || !is_text(member(root, "event"))))
		return i < other_size(batch) ? other_at(batch, i) : NULL;
	return member(root, "data") != NULL && !is_text(member(root, "event"))
		       ? NULL
		       : root;
}

static void
same_member(const struct json_doc *d, const char *name,
	const struct other_json *o, struct arena *a)
{
	uint32_t n = json_member(d, 0, slice_str(name));
	const struct other_json *v = member(o, name);

	if (v == NULL || other_kind_of(v) == OTHER_NULL)
		FUZZ_CHECK(n == 0);
	else
		compare_json(d, n, v, a);
}

static void
same_text(const struct json_doc *d, const char *name,
	const struct other_json *v, struct arena *a)
{
	uint32_t n = json_member(d, 0, slice_str(name));
	struct slice s;

	if (!is_text(v))
		return;
	s.p = other_string(v, &s.len);
	FUZZ_CHECK(n != 0 && slice_eq(json_string(d, n, a), s));
}

/* Without $ip where it may have been taken out or shortened. */
static void
same_properties(
	const struct json_doc *d, const struct other_json *o, struct arena *a)
{
	uint32_t n = json_member(d, 0, SLICE_LIT("properties"));
	const struct other_json *v = member(o, "properties");
	bool has_ip = v != NULL && member(v, "$ip") != NULL;

	FUZZ_CHECK(n != 0 && d->nodes[n].type == JSON_OBJECT);
	if (v == NULL || other_kind_of(v) == OTHER_NULL)
		FUZZ_CHECK(d->nodes[n].n == 0);
	else if (!has_ip)
		compare_json(d, n, v, a);
}

void
other_check_message(struct capture_ctx *x, uint32_t i, struct slice message)
{
	struct other_json *root;
	const struct other_json *o;
	struct json_doc d, data;
	bool is_deep;
	uint32_t n;

	if (memchr(x->text.p, '\0', x->text.len) != NULL)
		return;
	root = other_load(x->text.p, x->text.len);
	o = root == NULL ? NULL : find_event(x, root, i);
	if (o == NULL) {
		other_free(root);
		return;
	}
	FUZZ_CHECK(read_text(x, message, &d, &is_deep) == 0);
	n = json_member(&d, 0, SLICE_LIT("data"));
	FUZZ_CHECK(n != 0);
	FUZZ_CHECK(
		read_text(x, json_string(&d, n, x->a), &data, &is_deep) == 0);
	same_text(&d, "event", member(o, "event"), x->a);
	same_text(&data, "event", member(o, "event"), x->a);
	same_properties(&data, o, x->a);
	same_member(&data, "$set", o, x->a);
	same_member(&data, "$set_once", o, x->a);
	same_member(&data, "timestamp", o, x->a);
	same_member(&data, "offset", o, x->a);
	other_free(root);
}
