#include <string.h>

#include "admin/letters.h"
#include "base/clock.h"

#define SYNC_NS INT64_C(1000000000)
#define ERROR_MAX 100000

/* What a caller may ask of the letters. */
static int
text_of(struct admin_call *c, bool from_body, const char *name,
	struct slice *out, struct err *e)
{
	const char *text;
	int rc;

	if (!from_body) {
		*out = admin_query(c, name);
	} else {
		rc = admin_body_string(c, name, &text, e);
		if (rc < 0)
			return rc;
		*out = text == NULL ? SLICE_NONE : slice_str(text);
	}
	if (out->len > ERROR_MAX)
		return admin_invalid(c, e, name, "%s: it is too long", name);
	return 0;
}

static int
read_states(struct admin_call *c, struct slice text, unsigned *states,
	struct err *e)
{
	if (text.p == NULL)
		return 0;
	if (slice_eq_str(text, "all")) {
		*states = (1U << DLQ_N_STATES) - 1;
		return 0;
	}
	for (int i = 0; i < DLQ_N_STATES; i++)
		if (slice_eq_str(text, dlq_state_names[i])) {
			*states = 1U << i;
			return 0;
		}
	return admin_invalid(c, e, "state",
		"state: pending, replayed, discarded or all is wanted");
}

static int
read_project(struct admin_call *c, bool from_body, struct dlq_filter *f,
	struct err *e)
{
	struct slice text = SLICE_NONE;
	uint32_t node;

	if (!from_body)
		text = admin_query(c, "project");
	else if ((node = json_member(&c->json, 0, SLICE_LIT("project"))) != 0 &&
		 c->json.nodes[node].type != JSON_NULL)
		text = json_raw(&c->json, node);
	f->has_project = text.p != NULL;
	if (f->has_project && !slice_i64(text, &f->team_id))
		return admin_invalid(
			c, e, "project", "project: a project's id is wanted");
	return 0;
}

int
letters_filter(struct admin_call *c, bool from_body, unsigned states,
	struct dlq_filter *out, struct err *e)
{
	struct slice state;
	int rc;

	*out = (struct dlq_filter){.states = states};
	rc = text_of(c, from_body, "state", &state, e);
	if (rc == 0)
		rc = read_states(c, state, &out->states, e);
	if (rc == 0)
		rc = text_of(c, from_body, "reason", &out->reason, e);
	if (rc == 0)
		rc = text_of(c, from_body, "error", &out->error, e);
	return rc == 0 ? read_project(c, from_body, out, e) : rc;
}

static bool
take_number(struct slice *s, int64_t *out)
{
	const char *dot = s->len == 0 ? NULL : memchr(s->p, '.', s->len);
	size_t n = dot == NULL ? s->len : (size_t)(dot - s->p);
	bool good = slice_i64(slice_of(s->p, n), out) && *out >= 0;

	if (dot != NULL)
		n++;
	s->p += n;
	s->len -= n;
	return good;
}

int
letters_range(struct admin_call *c, struct slice cursor, struct dlq_range *out,
	struct err *e)
{
	struct dlq_range now;
	bool good = true;
	int rc = dlq_range_all(c->a->dlq, &now, e);

	if (rc < 0)
		return rc;
	*out = now;
	if (cursor.len == 0)
		return 0;
	for (int i = 0; good && i < DLQ_FILES; i++)
		good = take_number(&cursor, &out->from[i]);
	/* Letters that came after the first page was asked are not meant. */
	for (int i = 0; good && i < DLQ_FILES; i++)
		good = take_number(&cursor, &out->to[i]);
	if (!good || cursor.len > 0)
		return admin_invalid(c, e, "cursor",
			"cursor: that of a page before is wanted");
	for (int i = 0; i < DLQ_FILES; i++) {
		if (out->from[i] < now.from[i])
			out->from[i] = now.from[i];
		if (out->to[i] > now.to[i])
			out->to[i] = now.to[i];
	}
	return 0;
}

void
letters_put_cursor(struct buf *b, const struct dlq_range *r)
{
	buf_printf(b, "\"%lld.%lld.%lld.%lld\"", (long long)r->from[0],
		(long long)r->from[1], (long long)r->to[0],
		(long long)r->to[1]);
}

int
letters_sync(struct admin_call *c, int64_t *behind, struct err *e)
{
	return dlq_sync(c->a->dlq, clock_mono_ns() + SYNC_NS, behind, e);
}
