/*
 * Reads a stream of events and prints what becomes of the persons, for
 * comparison with tests/model/person_model.py.
 *
 * Input, a line each: {"reset":true,"team_id":N, settings of the
 * project} begins a stream; an event object; {"delete":"distinct
 * id"}; an empty line ends a batch; {"final":true} prints the state. Output: a
 * line for each event (when its batch ends) and for each final.
 *
 * person_stream FOLDER keeps the persons in a real state.db there, else they
 * are in memory.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_write.h"
#include "event/normalise.h"
#include "memory_db.h"
#include "person/person.h"
#include "stream_store.h"

#define LINE_BYTES (1 << 20)
#define BATCH_EVENTS 1000

static const struct json_limits limits = {LIMIT_JSON_DEPTH, LIMIT_EVENT_NODES};

struct stream {
	struct memory_db db;
	struct stream_store *store; /* instead of db, or NULL */
	struct event_rules rules;
	struct arena arena; /* of the batch */
	struct buf scratch;
	struct buf out;
	struct event *events[BATCH_EVENTS];
	struct slice deletes[BATCH_EVENTS]; /* instead of an event */
	enum event_next next[BATCH_EVENTS];
	int n;
};

static void
must(int rc, const struct err *e)
{
	if (rc == 0)
		return;
	fprintf(stderr, "person_stream: %s\n", e->text);
	exit(1);
}

static struct slice
member_text(const struct json_doc *d, const char *name, struct event_work *w)
{
	uint32_t node = json_member(d, 0, slice_str(name));

	return node == 0 ? SLICE_NONE : event_text(d, node, true, w);
}

static bool
member_is_true(const struct json_doc *d, const char *name)
{
	uint32_t node = json_member(d, 0, slice_str(name));

	return node != 0 && d->nodes[node].type == JSON_TRUE;
}

static void
reset(struct stream *x, const struct json_doc *d)
{
	uint32_t node = json_member(d, 0, SLICE_LIT("team_id"));
	int64_t team_id = 0;

	if (node == 0 || !json_i64(d, node, &team_id))
		exit(1);
	memory_db_fini(&x->db);
	memory_db_init(&x->db);
	x->rules = (struct event_rules){.team_id = team_id,
		.project_id = team_id,
		.person_opt_out =
			member_is_true(d, "person_processing_opt_out"),
		.person_update_all = member_is_true(d, "person_update_all"),
		.person_last_seen = member_is_true(d, "person_last_seen"),
		.flag_called_personless =
			member_is_true(d, "flag_called_personless")};
}

static void
put_warnings(struct buf *out, const struct event *ev)
{
	buf_append_lit(out, "\"warnings\":[");
	for (struct event_warning *w = ev->warnings.first; w != NULL;
		w = w->next) {
		buf_append_char(out, '[');
		json_put_string(
			out, slice_str(event_warning_rows[w->type].name));
		buf_append_char(out, ',');
		json_put_string(out, w->key);
		buf_append_char(out, ']');
		if (w->next != NULL)
			buf_append_char(out, ',');
	}
	buf_append_char(out, ']');
}

static void
put_result(
	struct buf *out, const struct event *ev, const struct person_result *r)
{
	buf_append_lit(out, "{\"person_id\":");
	json_put_string(out, r->uuid);
	buf_printf(out, ",\"created_at\":%" PRId64 ",\"mode\":\"%s\",",
		r->created_at_us, event_mode_names[r->mode]);
	buf_append_lit(out, "\"properties\":");
	event_write_properties(ev, out);
	buf_append_lit(out, ",\"person_properties\":");
	person_put_properties(r, out);
	buf_append_char(out, ',');
	put_warnings(out, ev);
	buf_append_lit(out, "}\n");
}

static void
apply_one(struct stream *x, struct person_set *s, struct event_work *w, int i)
{
	struct event *ev = x->events[i];
	struct person_result r;
	struct err e;

	if (ev == NULL) {
		if (person_delete(s, x->rules.team_id, x->deletes[i], &e) != 0)
			buf_append_lit(&x->out, "{\"deleted\":false}\n");
		else
			buf_append_lit(&x->out, "{\"deleted\":true}\n");
		return;
	}
	if (x->next[i] == EVENT_DROP) {
		buf_append_lit(&x->out, "{\"dropped\":true,");
		put_warnings(&x->out, ev);
		buf_append_lit(&x->out, "}\n");
		return;
	}
	must(person_apply(s, ev, w, &r, &e), &e);
	put_result(&x->out, ev, &r);
}

static int
load(struct stream *x, struct store_conn *c, struct person_set *s,
	struct err *e)
{
	return c != NULL ? persondb_load(c, s, e)
			 : memory_db_load(&x->db, s, e);
}

static int
save(struct stream *x, struct store_conn *c, struct person_set *s,
	struct err *e)
{
	return c != NULL ? persondb_save(c, s, e)
			 : memory_db_save(&x->db, s, e);
}

/* The whole batch; c is NULL without a store. */
static int
run_batch(void *cookie, struct store_conn *c, struct err *e)
{
	struct stream *x = cookie;
	struct event_work w = {&x->arena, &x->scratch};
	struct person_set s;
	int r = person_set_init(&s, &x->arena, &x->scratch, e);

	for (int i = 0; r == 0 && i < x->n; i++) {
		if (x->events[i] == NULL)
			r = person_want_id(
				&s, x->rules.team_id, x->deletes[i], true, e);
		else if (x->next[i] == EVENT_GO)
			r = person_want(&s, x->events[i], e);
	}
	if (r == 0)
		r = load(x, c, &s, e);
	for (int i = 0; r == 0 && i < x->n; i++)
		apply_one(x, &s, &w, i);
	return r == 0 ? save(x, c, &s, e) : r;
}

static void
end_batch(struct stream *x)
{
	struct err e;

	must(x->store != NULL ? stream_store_run(x->store, run_batch, x, &e)
			      : run_batch(x, NULL, &e),
		&e);
	x->n = 0;
	fwrite(x->out.p, 1, x->out.len, stdout);
	buf_reset(&x->out);
	arena_reset(&x->arena);
}

static void
add_event(struct stream *x, const struct json_doc *d)
{
	struct event_work w = {&x->arena, &x->scratch};
	struct event *ev = arena_new(&x->arena, struct event);
	struct event_source src = {.doc = d,
		.uuid = member_text(d, "uuid", &w),
		.distinct_id = member_text(d, "distinct_id", &w),
		.name = member_text(d, "event", &w),
		.now = member_text(d, "now", &w)};
	struct err e;

	must(event_read(ev, &x->rules, &src, &w, &e), &e);
	x->next[x->n] = event_check(ev, &w);
	if (x->next[x->n] == EVENT_GO)
		x->next[x->n] = event_normalise(ev, &w);
	x->events[x->n++] = ev;
}

static void
put_uuid(struct buf *out, const struct uuid *u)
{
	char text[UUID_TEXT];

	uuid_format(u, text);
	json_put_string(out, slice_of(text, UUID_TEXT));
}

/* A list of members is written with a comma after each, the last one cut. */
static void
cut_comma(struct buf *out)
{
	if (out->len > 0 && out->p[out->len - 1] == ',')
		out->len--;
}

static void
put_person(struct buf *out, struct memory_db *db, struct memory_person *p)
{
	buf_append_lit(out, "{\"uuid\":");
	put_uuid(out, &p->uuid);
	buf_append_lit(out, ",\"distinct_ids\":[");
	for (struct memory_id *d = db->ids; d != NULL; d = d->next) {
		if (d->person != p)
			continue;
		json_put_string(out, d->id);
		buf_append_char(out, ',');
	}
	cut_comma(out);
	buf_printf(out,
		"],\"is_identified\":%s,\"version\":%" PRId64
		",\"created_at\":%" PRId64 ",\"properties\":",
		p->is_identified ? "true" : "false", p->version,
		p->created_at_us);
	buf_append_slice(out, p->text);
	buf_append_lit(out, ",\"last_seen_at\":");
	if (p->has_last_seen)
		buf_append_i64(out, p->last_seen_at_us);
	else
		buf_append_lit(out, "null");
	buf_append_lit(out, ",\"message\":[");
	buf_append_i64(out, p->message_version);
	buf_append_char(out, ',');
	buf_append_slice(out, p->message_text);
	buf_append_lit(out, "]},");
}

static void
put_persons(struct buf *out, struct memory_db *db)
{
	buf_append_lit(out, "{\"persons\":[");
	for (struct memory_person *p = db->persons; p != NULL; p = p->next) {
		if (!p->is_deleted)
			put_person(out, db, p);
	}
	cut_comma(out);
	buf_append_lit(out, "],\"deleted\":{");
	for (struct memory_person *p = db->persons; p != NULL; p = p->next) {
		if (!p->is_deleted)
			continue;
		put_uuid(out, &p->uuid);
		buf_printf(out, ":%" PRId64 ",", p->message_version);
	}
	cut_comma(out);
	buf_append_lit(out, "},\"ids\":{");
	for (struct memory_id *d = db->ids; d != NULL; d = d->next) {
		json_put_string(out, d->id);
		buf_append_lit(out, ":[");
		if (d->message_deleted)
			buf_append_lit(out, "null");
		else
			put_uuid(out, &d->message_uuid);
		buf_printf(out, ",%" PRId64 ",%d],", d->message_version,
			d->message_deleted);
	}
	cut_comma(out);
	buf_append_lit(out, "},");
}

static void
put_final(struct buf *out, struct memory_db *db)
{
	put_persons(out, db);
	buf_append_lit(out, "\"personless\":{");
	for (struct memory_personless *m = db->personless; m != NULL;
		m = m->next) {
		json_put_string(out, m->id);
		buf_append_str(out, m->is_merged ? ":true," : ":false,");
	}
	cut_comma(out);
	buf_append_lit(out, "},\"types\":[");
	for (struct memory_type *t = db->types; t != NULL; t = t->next) {
		json_put_string(out, t->name);
		buf_append_char(out, ',');
	}
	cut_comma(out);
	buf_append_lit(out, "],\"groups\":{");
	for (struct memory_group *g = db->groups; g != NULL; g = g->next) {
		buf_append_char(out, '"');
		json_put_escaped(out, g->type);
		buf_append_char(out, ':');
		json_put_escaped(out, g->key);
		buf_printf(out, "\":[%" PRId64 ",%" PRId64 ",", g->version,
			g->created_at_us);
		buf_append_slice(out, g->text);
		buf_append_lit(out, "],");
	}
	cut_comma(out);
	buf_printf(
		out, "},\"went_back\":%s}\n", db->went_back ? "true" : "false");
}

static void
take_line(struct stream *x, struct slice line)
{
	struct event_work w = {&x->arena, &x->scratch};
	struct slice text = arena_dup_slice(&x->arena, line);
	struct json_doc *d = arena_new(&x->arena, struct json_doc);
	struct err e;

	must(json_parse(&x->arena, text, &limits, d, &e), &e);
	if (member_is_true(d, "reset")) {
		reset(x, d);
	} else if (member_is_true(d, "final")) {
		if (x->store != NULL)
			stream_store_final(x->store, x->rules.team_id, &x->out);
		else
			put_final(&x->out, &x->db);
		fwrite(x->out.p, 1, x->out.len, stdout);
		buf_reset(&x->out);
	} else if (json_member(d, 0, SLICE_LIT("delete")) != 0) {
		x->events[x->n] = NULL;
		x->deletes[x->n++] = member_text(d, "delete", &w);
	} else {
		add_event(x, d);
	}
}

int
main(int argc, char **argv)
{
	static struct stream x;
	static char line[LINE_BYTES];

	memory_db_init(&x.db);
	x.store = argc > 1 ? stream_store_open(argv[1]) : NULL;
	arena_init(&x.arena, SIZE_MAX / 2);
	buf_init(&x.scratch, LINE_BYTES * 8);
	buf_init(&x.out, LINE_BYTES * 64);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct slice s = slice_trim(slice_str(line));

		if (s.len == 0 || x.n == BATCH_EVENTS)
			end_batch(&x);
		if (s.len > 0)
			take_line(&x, s);
	}
	buf_fini(&x.out);
	buf_fini(&x.scratch);
	arena_fini(&x.arena);
	memory_db_fini(&x.db);
	stream_store_close(x.store);
	return 0;
}
