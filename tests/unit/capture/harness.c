#include "tests/unit/capture/harness.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json_read.h"
#include "base/json_write.h"

static struct buf read_bytes;
static bool read_ready;

static void
on_fatal(void *cookie, const struct err *why)
{
	(void)cookie;
	fprintf(stderr, "store: %s\n", why->text);
	abort();
}

static bool
may_accept(void *cookie, bool is_recording)
{
	struct harness *h = cookie;

	(void)is_recording;
	return !h->refuse;
}

static void
open_stores(struct harness *h)
{
	struct store_options o = {
		.dir = h->dir,
		.kind = STORE_CONFIG,
		.queue_bytes = 64 * 1024 * 1024,
		.on_fatal = on_fatal,
	};
	struct err e;

	assert_int_equal(store_open(&o, &h->config, &e), 0);
	o.kind = STORE_SPOOL;
	assert_int_equal(store_open(&o, &h->spool, &e), 0);
}

void
harness_start(struct harness *h, const char *const *settings,
	const char *const *project)
{
	struct capture_options o;
	const char *all[16] = {"capture.listen=127.0.0.1:0"};
	uint16_t tls_port;
	struct err e;
	int64_t id;

	*h = (struct harness){.dir = "/tmp/test_capture_XXXXXX"};
	assert_non_null(mkdtemp(h->dir));
	for (int i = 0; settings != NULL && settings[i] != NULL; i++)
		all[i + 1] = settings[i];
	assert_int_equal(conf_load("/dev/null", all, &h->conf, &e), 0);
	open_stores(h);
	assert_int_equal(team_cache_new(h->config, &h->teams, &e), 0);
	assert_int_equal(
		team_create(h->teams, "test", TOKEN, project, &id, &e), 0);
	assert_int_equal(
		dedupe_new(h->spool,
			&(struct dedupe_limits){
				.entries = conf_values(h->conf)
						   ->capture_dedupe_events,
				.age_ms = 3600000},
			&h->dedupe, &e),
		0);
	o = (struct capture_options){.conf = conf_values(h->conf),
		.teams = h->teams,
		.spool = h->spool,
		.may_accept = may_accept,
		.cookie = h};
	assert_int_equal(capture_new(&o, &h->c, &e), 0);
	assert_int_equal(capture_start(h->c, NULL, &h->port, &tls_port, &e), 0);
	if (!read_ready)
		buf_init(&read_bytes, (size_t)1 << 28);
	read_ready = true;
}

void
harness_stop(struct harness *h)
{
	static const char *const names[] = {"config.db", "config.db-wal",
		"config.db-shm", "spool.db", "spool.db-wal", "spool.db-shm"};
	char path[128];

	capture_stop(h->c, clock_mono_ns() + 5000000000);
	capture_free(h->c);
	store_close(h->spool);
	dedupe_free(h->dedupe);
	team_cache_free(h->teams);
	store_close(h->config);
	conf_free(h->conf);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", h->dir, names[i]);
		unlink(path);
	}
	rmdir(h->dir);
	buf_fini(&read_bytes);
	read_ready = false;
}

static int
read_batch(struct slice bytes, const char *topic, int64_t from,
	struct record *out, int max)
{
	struct batch_reader r;
	struct batch_record_view v;
	struct buf raw;
	struct err e;
	int n = 0;

	buf_init(&raw, 1 << 24);
	assert_int_equal(batch_check_crc(bytes, &e), 0);
	assert_int_equal(batch_reader_init(&r, bytes, &raw, &e), 0);
	while (batch_next(&r, &v, &e) == 1) {
		if (v.offset < from)
			continue;
		assert_true(n < max);
		out[n] = (struct record){
			.key = v.key, .value = v.value, .headers = v.headers};
		snprintf(out[n].topic, sizeof(out[n].topic), "%s", topic);
		n++;
	}
	buf_fini(&raw);
	return n;
}

int
harness_read(
	struct harness *h, enum topic_id topic, struct record *out, int max)
{
	const char *name = topic_defs[topic].name;
	struct store_part *p = store_part_find(h->spool, slice_str(name), 0);
	struct store_part_state st;
	struct store_conn *conn;
	int64_t from = h->seen[topic], next = from;
	struct err e;
	int n = 0;

	assert_non_null(p);
	store_part_state(p, &st);
	buf_reset(&read_bytes);
	assert_int_equal(store_reader_open(h->spool, &conn, &e), 0);
	while (next < st.high_watermark)
		assert_int_equal(store_read(conn, p, next, 1 << 20, &read_bytes,
					 &next, &e),
			0);
	store_reader_close(conn);
	for (size_t at = 0; at < read_bytes.len;) {
		struct slice rest =
			slice_of(read_bytes.p + at, read_bytes.len - at);
		struct batch_info b;

		assert_int_equal(batch_peek(rest, &b, &e), 0);
		rest.len = b.bytes;
		assert_true(b.bytes <= LIMIT_BATCH_BYTES || b.n_records == 1);
		n += read_batch(rest, name, from, out + n, max - n);
		at += b.bytes;
	}
	h->seen[topic] = next;
	return n;
}

void
harness_post(struct harness *h, struct reply *r, const char *path,
	const char *headers, struct slice body)
{
	static struct client c;
	char head[1000];

	snprintf(head, sizeof(head),
		"POST %s HTTP/1.1\r\nHost: localhost\r\n%s"
		"Content-Length: %zu\r\n\r\n",
		path, headers, body.len);
	client_connect(&c, h->port);
	client_send_text(&c, head);
	client_send(&c, body.p, body.len);
	client_read(&c, r);
	client_close(&c);
}

static const char *
member_of(struct slice json, const char *name, bool as_text)
{
	static char text[2][256 * 1024];
	static int turn;
	struct json_limits lim = {128, 1000000};
	struct json_doc d;
	struct arena a;
	struct slice v;
	struct err e;
	uint32_t node;
	char *out = text[turn ^= 1];

	arena_init(&a, 1 << 28);
	assert_int_equal(json_parse(&a, json, &lim, &d, &e), 0);
	node = json_member(&d, 0, slice_str(name));
	if (node == 0) {
		arena_fini(&a);
		return NULL;
	}
	v = as_text && d.nodes[node].type == JSON_STRING
		    ? json_string(&d, node, &a)
		    : json_raw(&d, node);
	assert_true(v.len < sizeof(text[0]));
	memcpy(out, v.p, v.len);
	out[v.len] = '\0';
	arena_fini(&a);
	return out;
}

const char *
record_member(const struct record *r, const char *name)
{
	return member_of(r->value, name, true);
}

const char *
record_properties(const struct record *r)
{
	const char *text = record_member(r, "data");

	assert_non_null(text);
	return member_of(slice_str(text), "properties", false);
}

const char *
record_header(const struct record *r, const char *name)
{
	static char text[1024];
	struct slice rest = r->headers;
	struct batch_header_kv kv;

	while (batch_header_next(&rest, &kv))
		if (slice_eq_str(kv.key, name)) {
			assert_true(kv.value.len < sizeof(text));
			memcpy(text, kv.value.p, kv.value.len);
			text[kv.value.len] = '\0';
			return text;
		}
	return NULL;
}
