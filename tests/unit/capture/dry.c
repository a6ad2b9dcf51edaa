#include "tests/unit/capture/dry.h"

#include <stdio.h>

static int part; /* stands for a log, which is never opened */

void
dry_init(struct dry *d)
{
	memset(d, 0, sizeof(*d));
	d->conf.max_decoded_bytes = 64 * 1024 * 1024;
	d->conf.max_event_bytes = 1000000;
	d->c.main = (struct store_part *)(void *)&part;
	lock_init(&d->c.lock);
	share_init(&d->c.shares, INT64_C(1) << 40);
	buf_init(&d->s.a, 1 << 28);
	buf_init(&d->s.b, 1 << 28);
	buf_init(&d->s.events, 1 << 28);
	arena_init(&d->a, 1 << 28);
}

void
dry_fini(struct dry *d)
{
	capture_jobs_free(&d->c);
	share_fini(&d->c.shares);
	lock_fini(&d->c.lock);
	buf_fini(&d->s.a);
	buf_fini(&d->s.b);
	buf_fini(&d->s.events);
	arena_fini(&d->a);
}

int
dry_run(struct dry *d, struct slice body)
{
	static int (*const steps[])(struct capture_ctx *) = {capture_read_query,
		capture_decode, capture_parse, capture_drop_filtered,
		capture_check_token, capture_check_events,
		capture_write_records};
	struct capture_ctx *x = &d->x;

	arena_reset(&d->a);
	*x = (struct capture_ctx){.c = &d->c,
		.conf = &d->conf,
		.a = &d->a,
		.s = &d->s,
		.query_text = SLICE_LIT(""),
		.raw = body,
		.max_decoded = d->conf.max_decoded_bytes,
		.now_us = 1732467500809000,
		.ip = "203.0.113.7"};
	x->now_len = (size_t)clock_format(x->now_us, CLOCK_RFC3339, x->now);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (steps[i](x) != 0)
			return -1;
	return 0;
}

void
dry_drop(struct dry *d)
{
	if (d->x.job != NULL)
		capture_job_put(d->x.job);
	d->x.job = NULL;
}

void
dry_body(struct buf *b, int n)
{
	buf_append_lit(b, "{\"api_key\":\"phc_dry\",\"batch\":[");
	for (int i = 0; i < n; i++)
		buf_printf(b,
			"%s{\"event\":\"$pageview\",\"uuid\":"
			"\"0190f0e4-1b2c-7d3e-8f4a-%012d\",\"distinct_id\":"
			"\"user-%d\",\"timestamp\":"
			"\"2024-11-24T16:58:20.123Z\",\"properties\":{"
			"\"$os\":\"Mac OS X\",\"$browser\":\"Chrome\","
			"\"$device_type\":\"Desktop\",\"$lib\":\"web\","
			"\"$lib_version\":\"1.449.2\",\"$host\":"
			"\"shop.example\",\"$current_url\":"
			"\"https://shop.example/p/abcdefghijklmnopq?q=%d\","
			"\"$pathname\":\"/p/%d\",\"$browser_version\":120,"
			"\"$screen_height\":1080,\"$screen_width\":1920,"
			"\"$viewport_height\":947,\"$viewport_width\":1680,"
			"\"$insert_id\":\"p1x2c3v4b5n6m7k8\","
			"\"$session_id\":"
			"\"0190f0e4-1b2c-7d3e-8f4a-5b6c7d8e9f02\","
			"\"$window_id\":"
			"\"0190f0e4-1b2c-7d3e-8f4a-5b6c7d8e9f03\","
			"\"$raw_user_agent\":\"Mozilla/5.0 (Macintosh; Intel "
			"Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like "
			"Gecko) Chrome/120.0.0.0 Safari/537.36\",\"title\":"
			"\"Winterg\xc3\xa4rten und mehr\",\"note\":\"a text "
			"that is as long as those that people write in "
			"earnest, with a \\\"quotation\\\" and a line\\nfeed "
			"in it\"}}",
			i == 0 ? "" : ",", i, i % 7, i, i);
	buf_append_lit(b, "]}");
}
