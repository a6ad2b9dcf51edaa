#include "canary/canary_int.h"

#include <stdlib.h>
#include <string.h>

#include "broker/broker.h"
#include "clickhouse/clickhouse.h"
#include "team/team.h"
#include "topic/batch.h"
#include "topic/topic.h"

/*
 * Is the canary there? Each hop is first asked how far it has read; only when
 * it is past the canary, what came of it is looked for, once.
 */
#define PIECE_BYTES ((size_t)1024 * 1024)
#define BATCHES_MAX ((size_t)80 * 1024 * 1024)
/* Rows of one time may stand so far apart in the output log. */
#define LOOK_BYTES ((size_t)256 * 1024 * 1024)
#define ANSWER_MAX 256

static int
is_it(void *cookie, const struct audit_visit *v, struct err *e)
{
	struct canary *c = cookie;

	(void)e;
	if (v->team_id == TEAM_CANARY_ID &&
		v->hash == audit_uuid_hash(slice_of(c->event.uuid, UUID_TEXT)))
		c->event.row_offset = v->offset;
	return 0;
}

/* The rows from the canary's time on. */
static int
find_row(struct canary *c, struct err *e)
{
	const struct audit_range all = {AUDIT_OF_OUTPUT, 0, INT64_MAX, NULL};
	int64_t at, ts_ms, next;
	struct buf batches;
	size_t done = 0;
	int r = store_offset_for_time(c->state_reader, c->output,
		c->event.at_us / 1000, &at, &ts_ms, e);

	buf_init(&batches, BATCHES_MAX);
	while (r == 0 && at >= 0 && done < LOOK_BYTES &&
		c->event.row_offset < 0) {
		buf_reset(&batches);
		r = store_read(c->state_reader, c->output, at, PIECE_BYTES,
			&batches, &next, e);
		if (r == 0)
			r = audit_walk(buf_slice(&batches), &all, is_it, c, e);
		if (r != 0 || next == at)
			break;
		done += batches.len;
		at = next;
	}
	buf_fini(&batches);
	return r;
}

static int
look_ingest(struct canary *c, struct err *e)
{
	int64_t position;
	int r = audit_position(c->state_reader,
		topic_defs[TOPIC_INGESTION].name, 0, &position, e);

	if (r != 0 || position <= c->event.offset)
		return r;
	r = find_row(c, e);
	if (r != 0)
		return r;
	if (c->event.row_offset >= 0)
		return 1;
	return err_set(e, ERR_NOT_FOUND,
		"the app server read it, and no row came of it");
}

static int
look_clickhouse(struct canary *c, struct err *e)
{
	const struct topic_def *t = &topic_defs[TOPIC_EVENTS];
	struct clickhouse_status st;
	struct buf query, answer;
	int r;

	if (broker_group_offset(c->o.broker, t->groups, t->name, 0) <=
		c->event.row_offset)
		return 0;
	clickhouse_status(c->o.clickhouse, &st);
	if (st.state != CLICKHOUSE_READY)
		return 0;
	buf_init(&query, ANSWER_MAX);
	buf_init(&answer, ANSWER_MAX);
	buf_printf(&query,
		"SELECT count() FROM posthog.sharded_events WHERE team_id = %d "
		"AND uuid = '%.36s'",
		TEAM_CANARY_ID, c->event.uuid);
	r = buf_cstr(&query) == NULL ? err_set(e, ERR_BUG, "a long query")
				     : clickhouse_query(c->o.clickhouse,
					       query.p, "TSV", &answer, e);
	if (r == 0)
		r = buf_cstr(&answer) != NULL && strtoll(answer.p, NULL, 10) > 0
			    ? 1
			    : err_set(e, ERR_NOT_FOUND,
				      "ClickHouse read its row and does not "
				      "have it");
	buf_fini(&query);
	buf_fini(&answer);
	return r;
}

int
canary_look(struct canary *c, enum canary_hop hop, struct err *e)
{
	switch (hop) {
	case CANARY_INGEST:
		return look_ingest(c, e);
	case CANARY_CLICKHOUSE:
		return look_clickhouse(c, e);
	case CANARY_CAPTURE:
	case CANARY_N_HOPS:
		break;
	}
	return 1;
}
