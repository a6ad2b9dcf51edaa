#include <string.h>

#include "base/clock.h"
#include "base/json_read.h"
#include "privacy/privacy_int.h"

/*
 * Where rows of a person stand in ClickHouse, and which of them go. In the
 * conditions: {T} the project, {P} the person's uuid, {I} its distinct ids as a
 * tuple, {A} as an array, {C} the cut: what was written up to then goes, as
 * what comes after belongs to a person who came back (privacy-3); {D} when the
 * deletion was asked for; {V} the version of the tombstone, whose row stays. To
 * add one: add a row, by name. Names come from here, never from input.
 */
#define PAIR "team_id = {T} AND distinct_id IN {I} AND "
#define WARNED                                                                 \
	"hasAny(arrayMap(k -> JSONExtractString(details, k), ['distinctId', "  \
	"'otherDistinctId', 'illegalDistinctId', 'sourcePersonDistinctId', "   \
	"'targetPersonDistinctId']), {A})"

static const struct table {
	const char *name;
	bool is_of_events;
	bool needs_person; /* nothing to do if there was none */
	const char *where;
} tables[] = {
	{"cohort_membership", false, false,
		"team_id = {T} AND person_id = {P} AND _timestamp <= {C}"},
	{"cohortpeople", false, false, "team_id = {T} AND person_id = {P}"},
	{"events_dead_letter_queue", true, false, PAIR "_timestamp <= {C}"},
	{"kafka_engine_errors", true, false,
		"timestamp <= {C} AND position(raw, {P}) > 0"},
	{"person", false, true, "team_id = {T} AND id = {P} AND version < {V}"},
	{"person_distinct_id2", false, true,
		PAIR "is_deleted = 0 AND _timestamp < {D}"},
	{"person_distinct_id_overrides", false, true,
		PAIR "is_deleted = 0 AND _timestamp < {D}"},
	{"person_static_cohort", false, false,
		"team_id = {T} AND person_id = {P} AND _timestamp <= {C}"},
	{"sharded_events", true, false,
		"team_id = {T} AND (person_id = {P} OR distinct_id IN {I}) "
		"AND _timestamp <= {C}"},
	{"sharded_heatmaps", true, false, PAIR "_timestamp <= {C}"},
	{"sharded_ingestion_warnings", true, false,
		"team_id = {T} AND _timestamp <= {C} AND (" WARNED
		" OR JSONExtractString(details, 'personId') = {P})"},
	{"sharded_session_replay_events", true, false,
		PAIR "_timestamp <= {C}"},
};
#define N_TABLES ((int64_t)(sizeof(tables) / sizeof(tables[0])))
/* A query may have 256 KiB. */
#define CHUNK_BYTES ((size_t)100000)

static void
put_literal(struct buf *b, struct slice s)
{
	buf_append_char(b, '\'');
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\'' || s.p[i] == '\\')
			buf_append_char(b, '\\');
		buf_append_char(b, s.p[i]);
	}
	buf_append_char(b, '\'');
}

/* The ids of one chunk as literals, or, out NULL, how many chunks there are. */
static int
walk_ids(const struct erasure *x, int64_t chunk, struct arena *a,
	struct buf *out, int64_t *n_chunks, struct err *e)
{
	const struct json_limits lim = {2, 10000000};
	struct json_doc d;
	size_t bytes = 0;
	int64_t at = 0;

	if (json_parse(a, x->distinct_ids, &lim, &d, e) < 0)
		return -(int)e->code;
	for (uint32_t i = json_first(&d, 0); i < d.nodes[0].next;
		i = d.nodes[i].next) {
		struct slice id = json_string(&d, i, a);

		if (id.p == NULL)
			return err_set(e, ERR_NO_MEMORY, "no memory");
		if (bytes > 0 && bytes + 2 * id.len + 4 > CHUNK_BYTES) {
			at++;
			bytes = 0;
		}
		bytes += 2 * id.len + 4;
		if (out == NULL || at != chunk)
			continue;
		if (out->len > 0)
			buf_append_char(out, ',');
		put_literal(out, id);
	}
	*n_chunks = at + 1;
	return 0;
}

int
tables_steps(
	const struct erasure *x, struct arena *a, int64_t *n, struct err *e)
{
	int rc = walk_ids(x, 0, a, NULL, n, e);

	*n *= N_TABLES;
	return rc;
}

static void
put_time(struct buf *out, int64_t at_us)
{
	char text[CLOCK_TEXT_MAX];

	clock_format(at_us, CLOCK_SECOND, text);
	buf_printf(out, "toDateTime('%s', 'UTC')", text);
}

static void
put_value(
	const struct erasure *x, char letter, struct slice ids, struct buf *out)
{
	switch (letter) {
	case 'T':
		buf_printf(out, "%lld", (long long)x->team_id);
		break;
	case 'P':
		put_literal(out, x->uuid);
		break;
	case 'I':
		buf_printf(out, "(%.*s)", SLICE_FMT(ids));
		break;
	case 'A':
		buf_printf(out, "[%.*s]", SLICE_FMT(ids));
		break;
	case 'C':
		put_time(out, x->cut_at_us);
		break;
	case 'D':
		put_time(out, x->asked_at_us);
		break;
	default:
		buf_printf(out, "%lld", (long long)x->version);
		break;
	}
}

int
tables_step(const struct erasure *x, int64_t step, struct arena *a,
	const char **table, struct buf *where, struct err *e)
{
	const struct table *t = &tables[step % N_TABLES];
	struct buf ids;
	int64_t n;
	int rc;

	*table = NULL;
	buf_reset(where);
	if ((t->is_of_events && !x->with_events) ||
		(t->needs_person && x->version == 0))
		return 0;
	buf_init(&ids, 4 * CHUNK_BYTES);
	rc = walk_ids(x, step / N_TABLES, a, &ids, &n, e);
	if (ids.len == 0)
		buf_append_lit(&ids, "''");
	for (const char *p = t->where; rc == 0 && *p != '\0'; p++) {
		if (*p != '{') {
			buf_append_char(where, *p);
			continue;
		}
		put_value(x, p[1], buf_slice(&ids), where);
		p += 2;
	}
	if (rc == 0 && (where->failed || ids.failed))
		rc = err_set(e, ERR_TOO_BIG, "the condition is too long");
	buf_fini(&ids);
	*table = t->name;
	return rc;
}
