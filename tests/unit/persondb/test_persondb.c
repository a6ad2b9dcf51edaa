#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../event/make_event.h"
#include "persondb/fill.h"
#include "persondb/persondb.h"
#include "store/store.h"

/* A state.db in a folder of its own; events go through in batches. */
static struct fixture {
	char dir[128];
	struct store *s;
	struct store_conn *reader;
	struct make make;
	struct buf out;
	const char *const *events;
	size_t n;
	int64_t team_id;
	struct slice delete_id, delete_uuid;
	int result;
} f;

static void
must(int rc, const struct err *e)
{
	if (rc != 0)
		fail_msg("%s", e->text);
}

static void
on_fatal(void *cookie, const struct err *why)
{
	(void)cookie;
	fprintf(stderr, "fatal: %s\n", why->text);
	abort();
}

static void
open_store(void)
{
	struct store_options o = {.dir = f.dir,
		.kind = STORE_STATE,
		.queue_bytes = 1u << 20,
		.on_fatal = on_fatal};
	struct err e;

	must(store_open(&o, &f.s, &e), &e);
	must(store_reader_open(f.s, &f.reader, &e), &e);
}

static void
close_store(void)
{
	store_reader_close(f.reader);
	store_close(f.s);
}

static int
set_up(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	f = (struct fixture){.team_id = 1};
	snprintf(f.dir, sizeof(f.dir), "%s/persondb-XXXXXX",
		tmp == NULL ? "/tmp" : tmp);
	assert_non_null(mkdtemp(f.dir));
	make_init(&f.make);
	buf_init(&f.out, 1u << 20);
	open_store();
	return 0;
}

static int
tear_down(void **state)
{
	DIR *d;

	(void)state;
	close_store();
	buf_fini(&f.out);
	make_fini(&f.make);
	d = opendir(f.dir);
	assert_non_null(d);
	for (struct dirent *x = readdir(d); x != NULL; x = readdir(d)) {
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", f.dir, x->d_name);
		if (x->d_name[0] != '.')
			unlink(path);
	}
	closedir(d);
	return rmdir(f.dir);
}

static int
apply_events(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct make *m = &f.make;
	struct event **events = arena_alloc(&m->arena, f.n * sizeof(*events));
	struct person_set s;
	enum event_next next;
	int r = person_set_init(&s, &m->arena, &m->scratch, e);

	(void)j;
	m->rules.team_id = m->rules.project_id = f.team_id;
	for (size_t i = 0; r == 0 && i < f.n; i++) {
		events[i] = make_event(m, f.events[i], &next);
		assert_int_equal(next, EVENT_GO);
		r = person_want(&s, events[i], e);
	}
	if (r == 0)
		r = persondb_load(c, &s, e);
	for (size_t i = 0; r == 0 && i < f.n; i++) {
		struct person_result out;

		r = person_apply(&s, events[i], &m->work, &out, e);
	}
	return r == 0 ? persondb_save(c, &s, e) : r;
}

static void
play(int64_t team_id, const char *const *events, size_t n)
{
	struct store_job j = {.bytes = 1, .run = apply_events};
	struct err e;

	f.events = events;
	f.n = n;
	f.team_id = team_id;
	must(store_call(f.s, &j, &e), &e);
}

static int
delete_person(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct make *m = &f.make;
	struct person_set s;
	int r = person_set_init(&s, &m->arena, &m->scratch, e);

	(void)j;
	if (r == 0)
		r = persondb_delete(c, &s, 1, f.delete_id, f.delete_uuid, e);
	return r == 0 ? persondb_save(c, &s, e) : r;
}

static int
try_delete(struct slice id, struct slice uuid)
{
	struct store_job j = {.bytes = 1, .run = delete_person};
	struct err e;

	f.delete_id = id;
	f.delete_uuid = uuid;
	return store_call(f.s, &j, &e);
}

static const char *
show(const char *id)
{
	struct err e;

	buf_reset(&f.out);
	must(persondb_show(f.reader, 1, slice_str(id), SLICE_NONE, &f.out, &e),
		&e);
	return buf_cstr(&f.out);
}

static int64_t
count(int64_t team_id)
{
	int64_t n = -1;
	struct err e;

	must(persondb_count(f.reader, team_id, &n, &e), &e);
	return n;
}

#define EVENT(name, id, props)                                                 \
	"{\"event\":\"" name "\",\"distinct_id\":\"" id                        \
	"\",\"timestamp\":\"2025-03-02T08:00:00.500Z\",\"properties\":{" props \
	"}}"
#define A_UUID "6931a681-6e90-500d-8294-14582dcc2e3f" /* of 1:user-1 */

static void
a_person_is_shown_as_the_command_line_says(void **state)
{
	static const char *const events[] = {EVENT("$identify", "user-1",
		"\"$anon_distinct_id\":\"x\",\"$set\":{\"k\":1}")};
	static const char want[] =
		"{\"uuid\":\"" A_UUID "\","
		"\"distinct_ids\":[\"user-1\",\"x\"],"
		"\"properties\":{\"k\":1,\"$creator_event_uuid\":\"" MAKE_UUID
		"\"},\"is_identified\":true,\"version\":0,"
		"\"created_at\":\"2025-03-02T08:00:00.500Z\"}";
	struct err e;

	(void)state;
	play(1, events, 1);
	assert_string_equal(show("user-1"), want);
	assert_string_equal(show("x"), want);
	buf_reset(&f.out);
	assert_int_equal(persondb_show(f.reader, 1, SLICE_NONE,
				 SLICE_LIT(A_UUID), &f.out, &e),
		0);
	assert_string_equal(buf_cstr(&f.out), want);
	assert_int_equal(persondb_show(f.reader, 2, SLICE_LIT("x"), SLICE_NONE,
				 &f.out, &e),
		-ERR_NOT_FOUND);
	assert_int_equal(persondb_show(f.reader, 1, SLICE_NONE,
				 SLICE_LIT("no uuid"), &f.out, &e),
		-ERR_INVALID);
}

/* persondb-1, persondb-2: closing and opening again changes nothing. */
static void
what_was_saved_is_there_after_a_restart(void **state)
{
	static const char *const first[] = {
		EVENT("$create_alias", "b", "\"alias\":\"a\""),
		EVENT("$create_alias", "b", "\"alias\":\"c\"")};
	static const char *const second[] = {EVENT("e", "z", ""),
		EVENT("$merge_dangerously", "z", "\"alias\":\"c\""),
		EVENT("$create_alias", "z", "\"alias\":\"d\"")};

	(void)state;
	play(1, first, 2);
	close_store();
	open_store();
	play(1, second, 3);
	close_store();
	open_store();
	assert_non_null(strstr(
		show("a"), "\"distinct_ids\":[\"z\",\"b\",\"a\",\"c\",\"d\"]"));
	assert_int_equal(count(1), 1);
}

/* persondb-3 */
static void
deletion_leaves_tombstones(void **state)
{
	static const char *const events[] = {
		EVENT("e", "user-1", "\"$set\":{\"k\":1}"),
		EVENT("e", "user-1", "\"$set\":{\"k\":2}")};
	struct err e;

	(void)state;
	play(1, events, 2);
	assert_int_equal(
		try_delete(SLICE_LIT("nobody"), SLICE_NONE), -ERR_NOT_FOUND);
	assert_int_equal(try_delete(SLICE_NONE, SLICE_LIT("x")), -ERR_INVALID);
	assert_int_equal(try_delete(SLICE_NONE, SLICE_LIT(A_UUID)), 0);
	assert_int_equal(
		try_delete(SLICE_NONE, SLICE_LIT(A_UUID)), -ERR_NOT_FOUND);
	assert_int_equal(
		try_delete(SLICE_LIT("user-1"), SLICE_NONE), -ERR_NOT_FOUND);
	assert_int_equal(count(1), 0);
	buf_reset(&f.out);
	assert_int_equal(persondb_show(f.reader, 1, SLICE_LIT("user-1"),
				 SLICE_NONE, &f.out, &e),
		-ERR_NOT_FOUND);
	play(1, events, 1);
	assert_non_null(strstr(show("user-1"), "\"version\":102"));
	assert_int_equal(count(1), 1);
}

/* What the load generator sends of a person that is known. */
#define PAGE_VIEW(more)                                                        \
	"\"$os\":\"Mac OS X\",\"$browser\":\"Chrome\","                        \
	"\"$device_type\":\"Desktop\",\"$host\":\"shop.example\","             \
	"\"$current_url\":\"https://shop.example/p/a?q=1\","                   \
	"\"$pathname\":\"/p/1\",\"$browser_version\":7,"                       \
	"\"$screen_height\":1,\"$screen_width\":2,"                            \
	"\"$viewport_height\":3,\"$viewport_width\":4" more

static void
filled_persons_are_those_of_page_views(void **state)
{
	static const char *const known[] = {
		EVENT("$pageview", "user-00000041", PAGE_VIEW(""))};
	static const char *const more[] = {
		EVENT("$pageview", "user-00000041",
			PAGE_VIEW(",\"$set\":{\"plan\":1}")),
		EVENT("$identify", "user-00000041",
			PAGE_VIEW(",\"$anon_distinct_id\":\"user-00000007\""))};
	char before[8192];
	struct err e;

	(void)state;
	must(persondb_fill(f.s, 1, 42, &e), &e);
	assert_int_equal(count(1), 42);
	snprintf(before, sizeof(before), "%s", show("user-00000041"));
	assert_non_null(strstr(before, "\"version\":0,"));
	assert_non_null(strstr(before, "\"is_identified\":false"));
	play(1, known, 1);
	assert_string_equal(show("user-00000041"), before);
	play(1, more, 2);
	assert_non_null(strstr(show("user-00000007"), "\"plan\":1"));
	assert_int_equal(count(1), 41);
}

static int
count_lines(const char *p)
{
	int n = 0;

	for (; *p != '\0'; p++)
		n += *p == '\n';
	return n;
}

static void
lists_come_in_pages(void **state)
{
	int64_t cursor = 0, pages = 0;
	struct err e;

	(void)state;
	for (int i = 0; i < 7; i++) {
		char json[256];
		const char *const events[] = {json};

		snprintf(json, sizeof(json),
			EVENT("$groupidentify", "p%d",
				"\"$group_type\":\"org\",\"$group_key\":%d"),
			i, i + 1);
		play(1, events, 1);
		play(2, events, 1);
	}
	buf_reset(&f.out);
	do {
		must(persondb_list(f.reader, 1, &cursor, 3, &f.out, &e), &e);
		pages++;
	} while (cursor != 0);
	assert_int_equal(pages, 3);
	assert_int_equal(count_lines(buf_cstr(&f.out)), 7);
	buf_reset(&f.out);
	pages = 0;
	do {
		must(persondb_list_groups(f.reader, 1, &cursor, 7, &f.out, &e),
			&e);
		pages++;
	} while (cursor != 0);
	assert_int_equal(pages, 2); /* the last one is empty */
	assert_int_equal(count_lines(buf_cstr(&f.out)), 7);
	assert_int_equal(persondb_list(f.reader, 1, &cursor, 0, &f.out, &e),
		-ERR_INVALID);
	assert_int_equal(persondb_list(f.reader, 1, &cursor, 1001, &f.out, &e),
		-ERR_INVALID);
	assert_int_equal(count(2), 7);
}

static void
groups_and_types_are_shown(void **state)
{
	static const char *const events[] = {
		EVENT("$groupidentify", "a",
			"\"$group_type\":\"org\",\"$group_key\":\"k\","
			"\"$group_set\":{\"n\":1}"),
		EVENT("e", "a", "\"$groups\":{\"team\":\"t\"}"),
		EVENT("$groupidentify", "a",
			"\"$group_type\":\"org\",\"$group_key\":\"k\","
			"\"$group_set\":{\"m\":2}")};
	struct err e;

	(void)state;
	for (int i = 0; i < 3; i++)
		play(1, events + i, 1);
	buf_reset(&f.out);
	must(persondb_show_group(
		     f.reader, 1, SLICE_LIT("org"), SLICE_LIT("k"), &f.out, &e),
		&e);
	assert_string_equal(buf_cstr(&f.out),
		"{\"type\":\"org\",\"key\":\"k\","
		"\"properties\":{\"n\":1,\"m\":2},\"version\":2}");
	assert_int_equal(persondb_show_group(f.reader, 1, SLICE_LIT("team"),
				 SLICE_LIT("t"), &f.out, &e),
		-ERR_NOT_FOUND);
	buf_reset(&f.out);
	must(persondb_group_types(f.reader, 1, &f.out, &e), &e);
	assert_string_equal(buf_cstr(&f.out),
		"{\"index\":0,\"type\":\"org\"}\n"
		"{\"index\":1,\"type\":\"team\"}\n");
}

/* A batch that fails leaves nothing: the job's savepoint takes it back. */
static int
save_and_fail(struct store_job *j, struct store_conn *c, struct err *e)
{
	int r = apply_events(j, c, e);

	return r == 0 ? err_set(e, ERR_BUSY, "on purpose") : r;
}

static void
a_failed_batch_leaves_nothing(void **state)
{
	static const char *const events[] = {
		EVENT("$identify", "a", "\"$anon_distinct_id\":\"b\"")};
	struct store_job j = {.bytes = 1, .run = save_and_fail};
	struct err e;

	(void)state;
	f.events = events;
	f.n = 1;
	assert_int_equal(store_call(f.s, &j, &e), -ERR_BUSY);
	assert_int_equal(count(1), 0);
	play(1, events, 1);
	assert_non_null(strstr(show("a"), "\"version\":0"));
}

int
main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(a_person_is_shown_as_the_command_line_says),
		T(what_was_saved_is_there_after_a_restart),
		T(deletion_leaves_tombstones),
		T(filled_persons_are_those_of_page_views),
		T(lists_come_in_pages),
		T(groups_and_types_are_shown),
		T(a_failed_batch_leaves_nothing),
	};
#undef T

	return cmocka_run_group_tests_name("persondb", tests, NULL, NULL);
}
