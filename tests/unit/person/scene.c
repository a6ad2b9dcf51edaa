#include "scene.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void
must(int rc, const struct err *e)
{
	if (rc == 0)
		return;
	fprintf(stderr, "scene: %s\n", e->text);
	abort();
}

void
scene_init(struct scene *x)
{
	make_init(&x->make);
	memory_db_init(&x->db);
	buf_init(&x->out, 16u << 20);
	x->refused = NULL;
	x->keeps_origins = false;
	x->team_ids = NULL;
	x->last_event = NULL;
}

void
scene_fini(struct scene *x)
{
	buf_fini(&x->out);
	memory_db_fini(&x->db);
	make_fini(&x->make);
}

void
scene_batch(struct scene *x, const char *const *jsons, size_t n)
{
	struct make *m = &x->make;
	struct event **events = arena_alloc(&m->arena, n * sizeof(*events));
	enum event_next next;
	struct person_set s;
	struct err e;

	must(person_set_init(&s, &m->arena, &m->scratch, &e), &e);
	s.refused = x->refused;
	s.keeps_origins = x->keeps_origins;
	for (size_t i = 0; i < n; i++) {
		events[i] = make_event(m, jsons[i], &next);
		if (next != EVENT_GO) {
			fprintf(stderr, "scene: dropped: %s\n", jsons[i]);
			abort();
		}
		if (x->team_ids != NULL)
			make_of_team(m, events[i], x->team_ids[i]);
		must(person_want(&s, events[i], &e), &e);
	}
	must(memory_db_load(&x->db, &s, &e), &e);
	for (size_t i = 0; i < n; i++) {
		must(person_apply(&s, events[i], &m->work, &x->last, &e), &e);
		x->last_event = events[i];
	}
	if (n > 0 && x->last.properties.p == NULL) {
		buf_reset(&m->scratch);
		person_put_properties(&x->last, &m->scratch);
		x->last.properties =
			arena_dup_slice(&m->arena, buf_slice(&m->scratch));
	}
	must(memory_db_save(&x->db, &s, &e), &e);
	x->events = events;
}

void
scene_play(struct scene *x, const char *json)
{
	scene_batch(x, &json, 1);
}

void
scene_delete(struct scene *x, const char *distinct_id)
{
	struct person_set s;
	struct err e;

	must(person_set_init(&s, &x->make.arena, &x->make.scratch, &e), &e);
	must(person_want_id(&s, 1, slice_str(distinct_id), true, &e), &e);
	must(memory_db_load(&x->db, &s, &e), &e);
	must(person_delete(&s, 1, slice_str(distinct_id), &e), &e);
	must(memory_db_save(&x->db, &s, &e), &e);
}

/* "U:a", or the uuid if it is of no id that is known. */
static void
put_uuid(struct scene *x, const struct uuid *u)
{
	char text[UUID_TEXT];
	struct uuid other;

	for (struct memory_id *d = x->db.ids; d != NULL; d = d->next) {
		person_uuid(1, d->id, &other);
		if (memcmp(&other, u, sizeof(other)) == 0) {
			buf_printf(&x->out, "U:%.*s", SLICE_FMT(d->id));
			return;
		}
	}
	uuid_format(u, text);
	buf_append(&x->out, text, UUID_TEXT);
}

static void
put_properties(struct scene *x, struct slice text)
{
	struct props p;

	props_init(&p, &x->make.arena);
	if (!props_add_text(&p, text, &x->make.arena))
		abort();
	props_unset(&p, SLICE_LIT("$creator_event_uuid"));
	props_write(&p, &x->out);
}

static void
put_persons(struct scene *x, struct memory_person *p)
{
	const char *comma = "";

	if (p == NULL)
		return;
	put_persons(x, p->next); /* the list begins with the newest */
	if (p->is_deleted)
		return;
	put_uuid(x, &p->uuid);
	buf_append_lit(&x->out, " ids=");
	for (struct memory_id *d = x->db.ids; d != NULL; d = d->next) {
		if (d->person != p)
			continue;
		buf_printf(&x->out, "%s%.*s", comma, SLICE_FMT(d->id));
		comma = ",";
	}
	buf_printf(
		&x->out, " id=%d v=%" PRId64 " ", p->is_identified, p->version);
	put_properties(x, p->text);
	buf_append_char(&x->out, '\n');
}

const char *
scene_persons(struct scene *x)
{
	buf_reset(&x->out);
	put_persons(x, x->db.persons);
	return buf_cstr(&x->out);
}

const char *
scene_ids(struct scene *x)
{
	buf_reset(&x->out);
	for (struct memory_id *d = x->db.ids; d != NULL; d = d->next)
		buf_printf(&x->out, "%.*s=%" PRId64 "%s,", SLICE_FMT(d->id),
			d->message_version, d->message_deleted ? "!" : "");
	return buf_cstr(&x->out);
}

const char *
scene_deleted(struct scene *x)
{
	buf_reset(&x->out);
	for (struct memory_person *p = x->db.persons; p != NULL; p = p->next) {
		if (!p->is_deleted)
			continue;
		put_uuid(x, &p->uuid);
		buf_printf(&x->out, "=%" PRId64 ",", p->message_version);
	}
	return buf_cstr(&x->out);
}

const char *
scene_personless(struct scene *x)
{
	buf_reset(&x->out);
	for (struct memory_personless *m = x->db.personless; m != NULL;
		m = m->next)
		buf_printf(&x->out, "%.*s=%s,", SLICE_FMT(m->id),
			m->is_merged ? "true" : "false");
	return buf_cstr(&x->out);
}

const char *
scene_groups(struct scene *x)
{
	buf_reset(&x->out);
	for (struct memory_group *g = x->db.groups; g != NULL; g = g->next)
		buf_printf(&x->out, "%.*s/%.*s v=%" PRId64 " %.*s;",
			SLICE_FMT(g->type), SLICE_FMT(g->key), g->version,
			SLICE_FMT(g->text));
	return buf_cstr(&x->out);
}

const char *
scene_types(struct scene *x)
{
	buf_reset(&x->out);
	for (struct memory_type *t = x->db.types; t != NULL; t = t->next)
		buf_printf(&x->out, "%.*s,", SLICE_FMT(t->name));
	return buf_cstr(&x->out);
}

const char *
scene_view(struct scene *x)
{
	struct uuid u;

	buf_reset(&x->out);
	if (!uuid_parse(x->last.uuid, &u))
		abort();
	if (x->last.person == NULL) {
		struct uuid made_up;

		person_uuid(1, x->last_event->distinct_id, &made_up);
		if (memcmp(&u, &made_up, sizeof(u)) == 0)
			buf_append_lit(&x->out, "made-up");
	} else {
		put_uuid(x, &u);
	}
	buf_printf(&x->out, " %s ", event_mode_names[x->last.mode]);
	put_properties(x, x->last.properties);
	return buf_cstr(&x->out);
}
