#include "pipeline/step.h"

#include "audit/audit.h"
#include "base/log.h"
#include "pipeline/debounce.h"
#include "pipeline/pipeline_int.h"
#include "pipeline/put.h"

/*
 * Builds the messages of the batch. Rows of events are most of the bytes: each
 * range builds record batches of its own, in parallel, and the commit appends
 * them in order. The rest is small and is built here in one go.
 */
static void
put_row(struct range *r, struct item *it)
{
	struct err e;

	/* What is too large is so again; the rest is tried once more. */
	if (step_fault(it, "output", &e) != 0 &&
		step_fault(it, "output", &e) != 0)
		pipeline_item_kill(
			it, &r->arena, LETTER_STEP_FAILED, "output", &e);
	else if (put_event(&r->events, it, &r->b->clock, &r->scratch, &e) != 0)
		pipeline_item_kill(
			it, &r->arena, LETTER_TOO_LARGE, "output", &e);
}

static void
output_range(struct range *r)
{
	const struct put_clock *k = &r->b->clock;
	struct err e;

	out_reset(&r->events, r->b->p->codec, k->us / 1000);
	out_reset(&r->heatmaps, r->b->p->codec, k->us / 1000);
	for (int i = r->from; i < r->to; i++) {
		struct item *it = &r->b->items[i];

		if (it->fate == ITEM_GO)
			put_row(r, it);
		if (it->fate == ITEM_GO)
			it->who.row_hash = audit_uuid_hash(it->ev.uuid);
		if (it->fate == ITEM_GO || it->fate == ITEM_ROWS_ONLY)
			put_heatmap(&r->heatmaps, &it->ev);
	}
	if (out_finish(&r->events, &e) != 0 ||
		out_finish(&r->heatmaps, &e) != 0)
		r->failed = e;
}

/* Warnings that follow from the output itself. */
static void
warn_about(struct pipeline_batch *b, struct event_warnings *list,
	enum event_warning_type type, const char *name, struct slice what)
{
	struct event_warning_writer w;

	event_warn_begin(&w, &b->turn, &b->scratch, list, type);
	event_warn_text(&w, name, what);
	event_warn_end(&w);
}

static void
put_warnings(struct pipeline_batch *b, struct event_warnings *list,
	int64_t team_id, int64_t offset, int64_t now_us)
{
	struct debounce_place at = {
		.input = (int)(b->in - b->p->inputs), .offset = offset};

	for (struct event_warning *w = list->first; w != NULL; w = w->next) {
		const struct event_warning_row *row =
			&event_warning_rows[w->type];

		at.seq++;
		if (row->always || debounce_allows(b->p->debounce, team_id,
					   row->name, w->key, &at, now_us))
			put_warning(&b->warning_out, team_id, row->name,
				w->details, &b->clock);
	}
}

static void
put_persons(struct pipeline_batch *b)
{
	struct person_set *s = &b->persons;

	for (struct person *p = s->persons_changed; p != NULL;
		p = p->next_changed) {
		struct event_warnings list = {0};

		if (put_person(&b->person_out, p, &b->scratch))
			continue;
		warn_about(b, &list, WARN_person_upsert_message_size_too_large,
			"personId", slice_of(p->uuid_text, UUID_TEXT));
		put_warnings(b, &list, p->team_id, b->from, b->clock.us);
	}
	for (struct person_id *d = s->ids_changed; d != NULL;
		d = d->next_changed)
		put_person_id(&b->id_out, d, &b->scratch);
	for (struct person_group *g = s->groups_changed; g != NULL;
		g = g->next_changed) {
		struct event_warnings list = {0};

		if (put_group(&b->group_out, g, &b->scratch))
			continue;
		warn_about(b, &list, WARN_group_upsert_message_size_too_large,
			"groupKey", g->key);
		put_warnings(b, &list, g->team_id, b->from, b->clock.us);
	}
}

static void
warn_too_large(struct pipeline_batch *b, struct item *it)
{
	struct event_warning_writer w;

	event_warn_begin(&w, &b->turn, &b->scratch, &it->ev.warnings,
		WARN_message_size_too_large);
	event_warn_text(&w, "eventUuid", it->ev.uuid);
	event_warn_text(&w, "event", it->ev.name);
	event_warn_text(&w, "distinctId", it->ev.distinct_id);
	event_warn_end(&w);
}

/* pipeline_step_dlq of spec 1.3, for events of a known project. */
static void
warn_of_letter(struct pipeline_batch *b, struct item *it)
{
	struct event_warning_writer w;

	if (it->reason == LETTER_TOO_LARGE)
		warn_too_large(b, it);
	event_warn_begin(&w, &b->turn, &b->scratch, &it->ev.warnings,
		WARN_pipeline_step_dlq);
	event_warn_text(&w, "distinctId",
		it->is_read ? it->ev.distinct_id : it->distinct_id);
	event_warn_text(&w, "eventUuid", it->is_read ? it->ev.uuid : it->uuid);
	event_warn_text(&w, "error", it->error);
	event_warn_text(&w, "event", it->is_read ? it->ev.name : it->name);
	event_warn_text(&w, "step", slice_str(it->step));
	event_warn_end(&w);
}

static void
count_item(struct pipeline_batch *b, const struct item *it)
{
	/* In the order of the labels of INGEST_RESULT. */
	enum { OK, DROPPED, DEAD, WARNING_ONLY };

	switch (it->fate) {
	case ITEM_GO:
	case ITEM_ROWS_ONLY:
		b->n_results[OK]++;
		break;
	case ITEM_DROPPED:
		b->n_results[it->ev.kind == EVENT_CLIENT_WARNING ? WARNING_ONLY
								 : DROPPED]++;
		break;
	case ITEM_DEAD:
		b->n_results[DEAD]++;
		break;
	}
}

/* One line for a batch's letters; their topic has the rest. */
static void
log_first(const struct pipeline_batch *b, const struct item *it, int *n_dead)
{
	if (++*n_dead == 1)
		log_warn("dead_letter",
			"topic=%s partition=%d offset=%lld step=%s",
			topic_defs[b->in->topic].name, b->in->partition,
			(long long)it->rec.offset, it->step);
}

static void
put_rest(struct pipeline_batch *b)
{
	int n_dead = 0;

	for (int i = 0; i < b->n_items; i++) {
		struct item *it = &b->items[i];

		if (it->fate == ITEM_DEAD) {
			if (it->team_id != 0)
				warn_of_letter(b, it);
			put_letter(&b->letter_out, it, b->in, &b->clock,
				&b->scratch, &b->turn);
			log_first(b, it, &n_dead);
		}
		if (it->team_id != 0)
			put_warnings(b, &it->ev.warnings, it->team_id,
				it->rec.offset,
				it->is_read ? it->ev.now_us
					    : it->rec.ts_ms * 1000);
		count_item(b, it);
	}
}

int
step_output(struct pipeline_batch *b, struct err *e)
{
	struct out *outs[] = {&b->person_out, &b->id_out, &b->group_out,
		&b->warning_out, &b->letter_out};
	int r;

	for (size_t i = 0; i < ARRAY_LEN(outs); i++)
		out_reset(outs[i], b->p->codec, b->clock.us / 1000);
	for (size_t i = 0; i < ARRAY_LEN(b->n_results); i++)
		b->n_results[i] = 0;
	r = pipeline_batch_each_range(b, output_range, e);
	if (r != 0)
		return r;
	put_persons(b);
	put_rest(b);
	pipeline_note_definitions(b);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(outs); i++)
		r = out_finish(outs[i], e);
	return r;
}
