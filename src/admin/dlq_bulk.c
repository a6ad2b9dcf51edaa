#include <stdio.h>
#include <string.h>

#include "admin/admin_int.h"
#include "admin/letters.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "conf/conf.h"
#include "pipeline/pipeline.h"

/*
 * Replay and discard. A call does a bounded part of what is asked, in
 * transactions of their own, and answers with a cursor for the rest; whoever
 * stops half-way and asks anew goes on with what is still pending.
 */
#define IDS_MAX 10000
#define STEP_NS INT64_C(2000000000)
#define STEP_LETTERS 5000
#define ERRORS_MAX 20 /* told one by one */

struct bulk {
	struct admin_call *c;
	bool is_discard;
	struct dlq_filter filter;
	struct pipeline_replay_how how;
	int64_t done, already, failed;
	int n_errors;
	struct buf errors;
	/* Letters of one partition that wait to be done. */
	int partition;
	uint32_t n;
	struct dlq_row rows[PIPELINE_REPLAY_MAX];
	struct pipeline_replay items[PIPELINE_REPLAY_MAX];
};

/* Begins an entry of errors: its id comes next. false: enough are told. */
static bool
begin_error(struct bulk *x)
{
	if (x->n_errors == ERRORS_MAX)
		return false;
	if (x->n_errors++ > 0)
		buf_append_char(&x->errors, ',');
	buf_append_lit(&x->errors, "{\"id\":");
	return true;
}

static void
end_error(struct bulk *x, const char *why)
{
	buf_append_lit(&x->errors, ",\"error\":");
	json_put_string(&x->errors, slice_str(why));
	buf_append_char(&x->errors, '}');
}

static void
note(struct bulk *x, uint32_t i)
{
	const struct pipeline_replay *item = &x->items[i];

	if (item->code == 0) {
		x->done++;
		return;
	}
	if (item->code == -ERR_EXISTS)
		x->already++;
	else
		x->failed++;
	if (!begin_error(x))
		return;
	letters_put_id(&x->errors, &x->rows[i]);
	end_error(x, item->why);
}

static int
discard(struct bulk *x, struct err *e)
{
	int64_t offsets[PIPELINE_REPLAY_MAX];
	int codes[PIPELINE_REPLAY_MAX] = {0};
	int rc;

	for (uint32_t i = 0; i < x->n; i++)
		offsets[i] = x->rows[i].offset;
	rc = dlq_discard(x->c->a->dlq, x->partition, offsets, x->n,
		slice_str(x->how.who), codes, e);
	for (uint32_t i = 0; i < x->n; i++) {
		x->items[i].code = rc != 0 ? rc : codes[i];
		snprintf(x->items[i].why, sizeof(x->items[i].why), "%s",
			rc != 0 ? e->text : "it is not pending");
	}
	return rc;
}

/* Does what waits. */
static int
flush(struct bulk *x, struct err *e)
{
	int rc = 0;

	if (x->n == 0)
		return 0;
	for (uint32_t i = 0; i < x->n; i++)
		x->items[i] =
			(struct pipeline_replay){.offset = x->rows[i].offset};
	rc = x->is_discard ? discard(x, e)
			   : pipeline_replay_letters(x->c->a->o.pipeline,
				     x->partition, x->items, x->n, &x->how, e);
	for (uint32_t i = 0; i < x->n; i++)
		note(x, i);
	x->n = 0;
	return rc;
}

static int
add(struct bulk *x, const struct dlq_row *row, struct err *e)
{
	int rc = 0;

	if (x->n == PIPELINE_REPLAY_MAX ||
		(x->n > 0 && x->partition != row->partition))
		rc = flush(x, e);
	x->partition = row->partition;
	x->rows[x->n++] = *row;
	return rc;
}

static int
do_ids(struct bulk *x, uint32_t list, struct err *e)
{
	const struct json_doc *d = &x->c->json;
	int rc = 0;

	for (uint32_t i = json_first(d, list);
		rc == 0 && i < d->nodes[list].next; i = d->nodes[i].next) {
		struct slice id = json_string(d, i, x->c->arena);
		struct dlq_row row;

		rc = dlq_find(x->c->a->dlq, id, &row, e);
		if (rc == 0) {
			rc = add(x, &row, e);
		} else if (rc == -ERR_NOT_FOUND) {
			rc = 0;
			x->failed++;
			if (!begin_error(x))
				continue;
			json_put_string(&x->errors, id);
			end_error(x, e->text);
		}
	}
	return rc == 0 ? flush(x, e) : rc;
}

/* 1: there is more, from range on. */
static int
do_all(struct bulk *x, struct dlq_range *range, struct err *e)
{
	int64_t deadline_ns = clock_mono_ns() + STEP_NS;
	struct dlq_row row;
	struct dlq_scan *s;
	int n = 0;
	int rc = dlq_scan_open(x->c->a->dlq, &x->filter, range, &s, e);

	if (rc < 0)
		return rc;
	while (n < STEP_LETTERS && clock_mono_ns() < deadline_ns &&
		(rc = dlq_scan_next(s, &row, NULL, e)) == 1) {
		rc = add(x, &row, e);
		if (rc < 0)
			break;
		rc = 1;
		n++;
	}
	dlq_scan_at(s, range);
	dlq_scan_close(s);
	if (rc < 0)
		return rc;
	n = rc != 0;
	rc = flush(x, e);
	return rc < 0 ? rc : n;
}

static int
check_ids(struct bulk *x, uint32_t list, struct err *e)
{
	const struct json_doc *d = &x->c->json;

	if (d->nodes[list].type != JSON_ARRAY || d->nodes[list].n > IDS_MAX)
		return admin_invalid(x->c, e, "ids",
			"ids: an array of at most %d is wanted", IDS_MAX);
	for (uint32_t i = json_first(d, list); i < d->nodes[list].next;
		i = d->nodes[i].next)
		if (d->nodes[i].type != JSON_STRING)
			return admin_invalid(
				x->c, e, "ids", "ids: strings are wanted");
	return 0;
}

/* The edited event: JSON text in a string, or the object itself. */
static int
read_event(struct bulk *x, uint32_t ids, struct err *e)
{
	struct admin_call *c = x->c;
	uint32_t node = json_member(&c->json, 0, SLICE_LIT("event"));

	if (node == 0 || c->json.nodes[node].type == JSON_NULL)
		return 0;
	if (x->is_discard || ids == 0 || c->json.nodes[ids].n != 1)
		return admin_invalid(c, e, "event",
			"event: an edited event goes with a replay of one id");
	x->how.event = c->json.nodes[node].type == JSON_STRING
			       ? json_string(&c->json, node, c->arena)
			       : json_raw(&c->json, node);
	x->how.max_bytes = (size_t)admin_conf(c->a)->capture_max_event_bytes;
	return x->how.event.p == NULL ? err_set(e, ERR_NO_MEMORY, "no memory")
				      : 0;
}

/* What is asked: ids (their node, else 0) or all. */
static int
read_asked(struct bulk *x, uint32_t *ids, struct err *e)
{
	struct admin_call *c = x->c;
	bool all = admin_body_flag(c, "all");
	unsigned states = 1U << DLQ_PENDING;
	const char *by;
	int rc;

	x->how.again = !x->is_discard && admin_body_flag(c, "again");
	if (x->how.again)
		states |= 1U << DLQ_REPLAYED;
	*ids = json_member(&c->json, 0, SLICE_LIT("ids"));
	rc = *ids == 0 ? 0 : check_ids(x, *ids, e);
	if (rc == 0 && (*ids != 0 && c->json.nodes[*ids].n > 0) == all)
		rc = err_set(e, ERR_INVALID, "either ids or all is wanted");
	if (rc == 0)
		rc = letters_filter(c, true, states, &x->filter, e);
	if (rc == 0)
		rc = admin_body_string(c, "by", &by, e);
	if (rc < 0)
		return rc;
	/* Only the socket is believed; others are who they signed in as. */
	if (c->who.door != AUTH_BY_SOCKET)
		by = c->who.name;
	x->how.who = by == NULL ? "" : by;
	return read_event(x, *ids, e);
}

static void
put_answer(struct bulk *x, bool has_more, const struct dlq_range *range,
	int64_t behind)
{
	struct buf *b = &x->c->out;

	buf_printf(b, "{\"%s\":%lld,\"already\":%lld,\"failed\":%lld,",
		x->is_discard ? "discarded" : "replayed", (long long)x->done,
		(long long)x->already, (long long)x->failed);
	buf_append_lit(b, "\"errors\":[");
	buf_append_slice(b, buf_slice(&x->errors));
	buf_append_lit(b, "],\"next\":");
	if (has_more)
		letters_put_cursor(b, range);
	else
		buf_append_lit(b, "null");
	buf_printf(b, ",\"not_indexed\":%lld}\n", (long long)behind);
}

static int
run(struct bulk *x, struct err *e)
{
	struct dlq_range range = {{0}, {0}};
	const char *cursor;
	int64_t behind = 0;
	uint32_t ids;
	int rc = read_asked(x, &ids, e);

	if (rc == 0)
		rc = letters_sync(x->c, &behind, e);
	if (rc == 0)
		rc = admin_body_string(x->c, "cursor", &cursor, e);
	if (rc == 0 && !admin_body_flag(x->c, "all")) {
		rc = do_ids(x, ids, e);
	} else if (rc == 0) {
		rc = letters_range(x->c, slice_str(cursor), &range, e);
		if (rc == 0)
			rc = do_all(x, &range, e);
	}
	/* What was done stays done: the next call tells why the rest is not. */
	if (rc < 0 && x->done == 0)
		return rc;
	put_answer(x, rc == 1, &range, behind);
	return 0;
}

static int
bulk(struct admin_call *c, bool is_discard, struct err *e)
{
	struct bulk *x = arena_zalloc(c->arena, 1, sizeof(*x));
	int rc = admin_need_body(c, e);

	if (rc < 0)
		return rc;
	if (x == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	if (!is_discard && c->a->o.pipeline == NULL)
		return err_set(e, ERR_UNAVAILABLE,
			"the role ingest is off: letters cannot be replayed");
	x->c = c;
	x->is_discard = is_discard;
	buf_init(&x->errors, 1024 * 1024);
	rc = run(x, e);
	buf_fini(&x->errors);
	return rc;
}

int
admin_dlq_replay(struct admin_call *c, struct err *e)
{
	return bulk(c, false, e);
}

int
admin_dlq_discard(struct admin_call *c, struct err *e)
{
	return bulk(c, true, e);
}
