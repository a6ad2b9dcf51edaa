#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "admin/sse.h"
#include "base/mem.h"

/* Streams of events without a server: a test reads as an HTTP thread does. */
struct client {
	struct admin_call call;
	struct arena arena;
};

static struct sse_channel channel;

static int
set_up(void **state)
{
	(void)state;
	sse_init(&channel);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	sse_fini(&channel);
	return 0;
}

static int
try_open(struct client *x, void *cookie, void (*free_cookie)(void *),
	struct err *e)
{
	arena_init(&x->arena, 1 << 20);
	admin_call_init(&x->call, NULL, &x->arena, SLICE_LIT("GET"),
		SLICE_LIT("/api/v1/x/stream"), SLICE_NONE);
	return sse_open(&x->call, &channel, cookie, free_cookie, e);
}

static void
open_client(struct client *x)
{
	struct err e;

	assert_int_equal(try_open(x, NULL, NULL, &e), 0);
	assert_string_equal(x->call.content_type, "text/event-stream");
}

static void
close_client(struct client *x)
{
	if (x->call.stream_free != NULL)
		x->call.stream_free(x->call.stream_cookie);
	buf_fini(&x->call.out);
	arena_fini(&x->arena);
}

/* All that is there; the last return value of the stream in *end. */
static const char *
read_all(struct client *x, long *end)
{
	static char text[SSE_CLIENT_BYTES * 2];
	size_t len = 0;
	long n;

	while ((n = x->call.stream(x->call.stream_cookie, text + len,
			sizeof(text) - len < 1000 ? sizeof(text) - len
						  : 1000)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	*end = n;
	return text;
}

static void
events_come_in_order_to_every_client(void **state)
{
	struct client a, b;
	long end;

	(void)state;
	open_client(&a);
	sse_publish(&channel, "one", SLICE_LIT("{\"a\":\n1}"));
	open_client(&b);
	assert_int_equal(sse_n_clients(&channel), 2);
	sse_publish(&channel, "two", SLICE_LIT("2"));
	assert_string_equal(read_all(&a, &end),
		"retry: 2000\n\nevent: one\ndata: {\"a\": 1}\n\n"
		"event: two\ndata: 2\n\n");
	assert_int_equal(end, -2);
	assert_string_equal(
		read_all(&b, &end), "retry: 2000\n\nevent: two\ndata: 2\n\n");
	assert_string_equal(read_all(&b, &end), "");
	close_client(&a);
	assert_int_equal(sse_n_clients(&channel), 1);
	close_client(&b);
}

/* admin-6 */
static void
who_does_not_read_is_bounded_and_told(void **state)
{
	char big[5000], told[100];
	struct slice json = slice_of(big, sizeof(big));
	struct client slow, fast;
	const char *text;
	long end;

	(void)state;
	memset(big, '1', sizeof(big));
	open_client(&slow);
	open_client(&fast);
	for (int i = 0; i < 100; i++) {
		sse_publish(&channel, "e", json);
		assert_int_not_equal(strlen(read_all(&fast, &end)), 0);
	}
	text = read_all(&slow, &end);
	assert_in_range(channel.n_dropped, 40, 60);
	snprintf(told, sizeof(told), "\n\nevent: dropped\ndata: {\"n\":%d}\n\n",
		(int)channel.n_dropped);
	assert_true(strlen(text) <= SSE_CLIENT_BYTES + strlen(told));
	assert_true(strlen(text) > SSE_CLIENT_BYTES / 2);
	/* Nothing came behind the gap before it was told of it. */
	assert_non_null(strstr(text, told));
	assert_int_equal(strstr(text, told)[strlen(told)], 0);
	sse_publish(&channel, "e", SLICE_LIT("7"));
	assert_string_equal(read_all(&slow, &end), "event: e\ndata: 7\n\n");
	close_client(&slow);
	close_client(&fast);
}

static int n_freed;

static void
count_freed(void *cookie)
{
	(void)cookie;
	n_freed++;
}

static void
clients_are_bounded_in_number(void **state)
{
	static struct client all[SSE_CLIENTS_MAX], more;
	struct err e;

	(void)state;
	n_freed = 0;
	for (int i = 0; i < SSE_CLIENTS_MAX; i++)
		assert_int_equal(try_open(&all[i], all, count_freed, &e), 0);
	assert_int_equal(try_open(&more, all, count_freed, &e), -ERR_BUSY);
	assert_int_equal(n_freed, 1);
	close_client(&more);
	close_client(&all[7]);
	assert_int_equal(n_freed, 2);
	assert_int_equal(try_open(&all[7], all, count_freed, &e), 0);
	for (int i = 0; i < SSE_CLIENTS_MAX; i++)
		close_client(&all[i]);
	assert_int_equal(n_freed, SSE_CLIENTS_MAX + 2);
}

static void
put_own(void *arg, struct sse_client *s, void *cookie)
{
	(void)arg;
	assert_true(sse_put(s, "own", slice_str(cookie)));
}

static void
each_client_may_get_its_own(void **state)
{
	char one[] = "1", two[] = "2";
	struct client a, b;
	struct err e;
	long end;

	(void)state;
	assert_int_equal(try_open(&a, one, NULL, &e), 0);
	assert_int_equal(try_open(&b, two, NULL, &e), 0);
	sse_each(&channel, put_own, NULL);
	assert_non_null(strstr(read_all(&a, &end), "event: own\ndata: 1\n\n"));
	assert_non_null(strstr(read_all(&b, &end), "event: own\ndata: 2\n\n"));
	close_client(&b);
	close_client(&a);
}

static void
a_closed_channel_ends_its_clients(void **state)
{
	struct client a, b;
	struct err e;
	long end;

	(void)state;
	open_client(&a);
	sse_publish(&channel, "last", SLICE_LIT("{}"));
	sse_close(&channel);
	assert_non_null(strstr(read_all(&a, &end), "event: last"));
	assert_int_equal(end, 0);
	assert_int_equal(try_open(&b, NULL, NULL, &e), -ERR_STOPPING);
	close_client(&b);
	close_client(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			events_come_in_order_to_every_client, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			who_does_not_read_is_bounded_and_told, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			clients_are_bounded_in_number, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			each_client_may_get_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_closed_channel_ends_its_clients, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
