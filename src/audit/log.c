#include "audit/gather.h"

#include "store/store.h"

/* Sums taken from the records of the logs themselves. */
#define PIECE_BYTES ((size_t)4 * 1024 * 1024)
#define BATCHES_MAX ((size_t)80 * 1024 * 1024)
/* Of what is not yet read; what comes after is not compared. */
#define UNREAD_MAX_BYTES ((size_t)1024 * 1024 * 1024)
/* Records stand in the log so many minutes after their receipt, at most. */
#define DISORDER_MINUTES 2

struct reading {
	struct audit_gather *g;
	struct store_conn *c;
	struct store_part *part;
	struct buf batches;
	struct audit_range range;
};

/* Retention went on meanwhile: goes to the first offset there is. */
static int
pass_deleted(struct reading *x, int64_t *at, struct err *e)
{
	struct store_part_state st;

	store_part_state(x->part, &st);
	if (st.log_start <= *at)
		return -(int)e->code;
	*at = st.log_start;
	return 0;
}

static int
read_pieces(struct reading *x, size_t max_bytes, audit_visit_fn *fn,
	void *cookie, int64_t *at, struct err *e)
{
	size_t done = 0;

	while (*at < x->range.to && done < max_bytes) {
		int64_t next;
		int r;

		buf_reset(&x->batches);
		r = store_read(
			x->c, x->part, *at, PIECE_BYTES, &x->batches, &next, e);
		if (r == -(int)ERR_NOT_FOUND) {
			r = pass_deleted(x, at, e);
			if (r != 0)
				return r;
			continue;
		}
		if (r == 0 && x->batches.failed)
			r = err_set(
				e, ERR_NO_MEMORY, "no memory to read a log");
		if (r == 0)
			r = audit_walk(buf_slice(&x->batches), &x->range, fn,
				cookie, e);
		if (r != 0 || next == *at)
			return r;
		*at = next;
		done += x->batches.len;
	}
	return 0;
}

int
audit_log_read(struct audit_gather *g, enum audit_log_id id, int64_t from,
	int64_t to, size_t max_bytes, audit_visit_fn *fn, void *cookie,
	int64_t *reached, struct err *e)
{
	const struct audit_log *l = &g->logs[id];
	struct store *s = l->file == AUDIT_SPOOL ? g->s->spool : g->s->state;
	struct reading x = {
		.g = g,
		.part = store_part_find(
			s, slice_str(topic_defs[l->topic].name), l->partition),
		.range = {id == AUDIT_LOG_OUTPUT ? AUDIT_OF_OUTPUT
						 : AUDIT_OF_FRONT,
			from, to, &g->memo},
	};
	int r;

	*reached = from;
	if (x.part == NULL || from >= to)
		return 0;
	r = store_reader_open(s, &x.c, e);
	if (r != 0)
		return r;
	buf_init(&x.batches, BATCHES_MAX);
	r = read_pieces(&x, max_bytes, fn, cookie, reached, e);
	buf_fini(&x.batches);
	store_reader_close(x.c);
	return r;
}

struct counting {
	struct audit_gather *g;
	enum audit_hop hop;
	int64_t first, last; /* minutes of records */
};

static int
count(void *cookie, const struct audit_visit *v, struct err *e)
{
	struct counting *x = cookie;
	int64_t minute = audit_minute(v->ts_ms);

	if (x->first == INT64_MAX)
		x->first = minute;
	x->last = minute;
	if (minute < x->g->o->from || minute >= x->g->o->to)
		return 0;
	return audit_acc_one(
		&x->g->acc, x->hop, minute, v->team_id, v->hash, e);
}

static int
count_unread(struct audit_gather *g, enum audit_log_id id, enum audit_hop hop,
	enum audit_eq eq, int64_t from, struct err *e)
{
	struct counting x = {g, hop, INT64_MAX, 0};
	const struct audit_log *l = &g->logs[id];
	int64_t reached;
	int r = audit_log_read(g, id, from > l->start ? from : l->start, l->end,
		UNREAD_MAX_BYTES, count, &x, &reached, e);

	if (r == 0 && reached < l->end && x.first != INT64_MAX &&
		x.last - DISORDER_MINUTES < g->bounds[eq].to)
		g->bounds[eq].to = x.last - DISORDER_MINUTES;
	return r;
}

int
audit_log_unread(struct audit_gather *g, struct err *e)
{
	int r = 0;

	for (int i = 0; r == 0 && i < AUDIT_LOG_OUTPUT; i++)
		r = count_unread(g, (enum audit_log_id)i, AUDIT_UNREAD,
			AUDIT_EQ_READ, g->logs[i].next, e);
	if (r == 0 && g->s->clickhouse.ask != NULL)
		r = count_unread(g, AUDIT_LOG_OUTPUT, AUDIT_UNSEEN,
			AUDIT_EQ_CLICKHOUSE, g->s->clickhouse.offset, e);
	return r;
}

/* A log whose begin was deleted has its first minutes in part. */
static void
bound_kept(struct audit_gather *g, const struct audit_log *l, enum audit_eq eq,
	int64_t first)
{
	if (l->start == 0)
		return;
	if (first != INT64_MAX)
		first += DISORDER_MINUTES;
	if (first > g->bounds[eq].from)
		g->bounds[eq].from = first;
}

int
audit_log_recount(struct audit_gather *g, struct err *e)
{
	static const struct {
		enum audit_hop hop;
		enum audit_eq eq;
	} rows[AUDIT_N_LOGS] = {
		[AUDIT_LOG_CAPTURE] = {AUDIT_FRONT_KEPT, AUDIT_EQ_FRONT_KEPT},
		[AUDIT_LOG_OVERFLOW] = {AUDIT_FRONT_KEPT, AUDIT_EQ_FRONT_KEPT},
		[AUDIT_LOG_HISTORICAL] = {AUDIT_FRONT_KEPT,
			AUDIT_EQ_FRONT_KEPT},
		[AUDIT_LOG_OWN] = {AUDIT_OWN_KEPT, AUDIT_EQ_OWN_KEPT},
		[AUDIT_LOG_OUTPUT] = {AUDIT_OUTPUT_KEPT, AUDIT_EQ_OUTPUT_KEPT},
	};
	int r = 0;

	for (int i = 0; r == 0 && i < AUDIT_N_LOGS; i++) {
		struct counting x = {g, rows[i].hop, INT64_MAX, 0};
		const struct audit_log *l = &g->logs[i];
		int64_t reached;

		r = audit_log_read(g, (enum audit_log_id)i, l->start, l->end,
			SIZE_MAX, count, &x, &reached, e);
		bound_kept(g, l, rows[i].eq, x.first);
	}
	return r;
}
