#include <inttypes.h>

#include "make_event.h"
#include "tests.h"

static struct make m;

static int
set_up(void **state)
{
	(void)state;
	make_init(&m);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	make_fini(&m);
	return 0;
}

/* "type x y fixed url;…" */
static const char *
rows_of(const struct event *ev)
{
	buf_reset(&m.out);
	for (struct event_heatmap_row *r = ev->heatmap; r != NULL; r = r->next)
		buf_printf(&m.out, "%.*s %" PRId64 " %" PRId64 " %d %.*s;",
			SLICE_FMT(r->type), r->x, r->y, r->target_fixed,
			SLICE_FMT(r->current_url));
	return buf_cstr(&m.out);
}

#define SIZE "\"$viewport_height\":800,\"$viewport_width\":1288,"
#define HEATMAP(id, props)                                                     \
	"{\"distinct_id\":\"" id "\",\"event\":\"$$heatmap\","                 \
	"\"properties\":{" props "}}"
#define ITEM(x, y, fixed, type)                                                \
	"{\"x\":" x ",\"y\":" y ",\"target_fixed\":" fixed ",\"type\":" type "}"

static void
items_become_rows(void **state)
{
	static const struct {
		const char *json, *rows, *warnings;
	} rows[] = {
		{HEATMAP("j",
			 SIZE "\"$heatmap_data\":{\"https://w/a\":[" ITEM("100",
				 "200", "false", "\"click\"") "," ITEM("8", "7",
				 "true", "\"mousemove\"") "]}"),
			"click 6 13 0 https://w/a;"
			"mousemove 1 0 1 https://w/a;",
			""},
		{HEATMAP("j", SIZE "\"$heatmap_data\":{\"u\":[" ITEM(
				      "-8", "-9", "false", "\"c\"") "]}"),
			"c 0 -1 0 u;", ""},
		{HEATMAP("j", SIZE "\"$heatmap_data\":{\"u\":[" ITEM("\"1\"",
				      "1", "false", "\"c\"") "," ITEM("1", "1",
				      "0", "\"c\"") "," ITEM("1", "1", "true",
				      "\"\"") ",5]}"),
			"", ""},
		{HEATMAP("j", SIZE "\"$heatmap_data\":{\"\":[],\"u\":3}"), "",
			"rejecting_heatmap_data_with_invalid_url,"
			"rejecting_heatmap_data_with_invalid_items"},
		{HEATMAP("j", SIZE "\"$heatmap_data\":[1]"), "",
			"invalid_heatmap_data"},
		{HEATMAP("null", SIZE "\"$heatmap_data\":{\"u\":[" ITEM(
					 "1", "1", "false", "\"c\"") "]}"),
			"", ""},
		{HEATMAP("j", "\"$viewport_height\":\"x\","
			      "\"$viewport_width\":5,\"$heatmap_data\":{\"u\":"
			      "[" ITEM("1", "1", "false", "\"c\"") "]}"),
			"", ""},
		{HEATMAP("j", SIZE "\"$prev_pageview_pathname\":\"/p\","
				   "\"$current_url\":\"https://h/x?q=1#f\","
				   "\"$prev_pageview_max_scroll\":170"),
			"scrolldepth 0 11 0 https://h/p?q=1#f;", ""},
		{HEATMAP("j", SIZE "\"$prev_pageview_pathname\":\"p\","
				   "\"$current_url\":\"https://h\","
				   "\"$prev_pageview_max_scroll\":0"),
			"scrolldepth 0 0 0 https://h/p;", ""},
		{HEATMAP("j", SIZE "\"$prev_pageview_pathname\":\"/p\","
				   "\"$current_url\":\"not a url\","
				   "\"$prev_pageview_max_scroll\":1"),
			"", ""},
	};
	enum event_next next;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct event *ev = make_event(&m, rows[i].json, &next);

		assert_string_equal(rows_of(ev), rows[i].rows);
		assert_int_equal(
			next, rows[i].rows[0] == '\0' ? EVENT_DROP : EVENT_GO);
		assert_string_equal(make_warnings(&m, ev), rows[i].warnings);
		if (ev->heatmap != NULL) {
			assert_int_equal(ev->viewport_width, 81);
			assert_int_equal(ev->viewport_height, 50);
		}
	}
}

static void
other_events_only_lose_the_rows(void **state)
{
	enum event_next next;
	struct event *ev = make_event(&m,
		"{\"distinct_id\":\"j\",\"event\":\"$pageview\","
		"\"properties\":{\"$heatmap_data\":{\"u\":[" ITEM(
			"1", "1", "false", "\"c\"") "]},\"keep\":1}}",
		&next);

	(void)state;
	assert_int_equal(next, EVENT_GO);
	assert_null(ev->heatmap);
	assert_string_equal(make_properties(&m, ev), "{\"keep\":1}");
}

int
test_heatmap(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(items_become_rows),
		T(other_events_only_lose_the_rows),
	};
#undef T

	return cmocka_run_group_tests_name("heatmap", tests, NULL, NULL);
}
