#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json_write.h"

/*
 * Speed of the JSON reader and writer in megabytes of input a second. With a
 * file as argument it measures that, else an event as a browser sends it.
 */

#define MEASURE_NS INT64_C(500000000)
#define ROUNDS 64 /* between two looks at the clock */

static const char event[] =
	"{\"event\":\"$pageview\",\"distinct_id\":"
	"\"0190f0e4-1b2c-7d3e-8f4a-5b6c7d8e9f00\",\"timestamp\":"
	"\"2024-03-05T10:20:30.123Z\",\"uuid\":"
	"\"0190f0e4-1b2c-7d3e-8f4a-5b6c7d8e9f01\",\"properties\":{\"token\":"
	"\"phc_demo_sluice_local_appliance_key_000000000\",\"$os\":"
	"\"Mac OS X\",\"$os_version\":\"10.15.7\",\"$browser\":\"Chrome\","
	"\"$device_type\":\"Desktop\",\"$current_url\":"
	"\"https://example.com/products/widgets?utm_source=news&id=42\","
	"\"$host\":\"example.com\",\"$pathname\":\"/products/widgets\","
	"\"$raw_user_agent\":\"Mozilla/5.0 (Macintosh; Intel Mac OS X "
	"10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
	"Safari/537.36\",\"$browser_version\":120,\"$screen_height\":1080,"
	"\"$screen_width\":1920,\"$viewport_height\":947,\"$viewport_width\":"
	"1680,\"$lib\":\"web\",\"$lib_version\":\"1.100.0\",\"$insert_id\":"
	"\"p1x2c3v4b5n6m7k8\",\"$time\":1732467500.809,\"$session_id\":"
	"\"0190f0e4-1b2c-7d3e-8f4a-5b6c7d8e9f02\",\"$is_identified\":false,"
	"\"$referrer\":\"$direct\",\"$set_once\":{\"$initial_os\":"
	"\"Mac OS X\",\"$initial_host\":null}}}";

static const struct json_limits limits = {128, 10000000};
static struct arena arena;
static struct buf out;

static void
parse(struct slice text, struct json_doc *d)
{
	struct err e;

	arena_reset(&arena);
	if (json_parse(&arena, text, &limits, d, &e) != 0) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
}

static void
skip(struct slice text, struct json_doc *d)
{
	struct json_cursor c;
	enum json_type type;
	struct slice raw;
	struct err e;

	(void)d;
	json_cursor_init(&c, text, limits.max_depth);
	if (json_cursor_skip(&c, &type, &raw, &e) != 0)
		exit(1);
}

static void
put_value(struct slice text, struct json_doc *d)
{
	(void)text;
	buf_reset(&out);
	json_put_value(&out, d, 0, limits.max_depth, NULL);
}

/* One level too few: nothing can be copied whole. */
static void
put_value_by_node(struct slice text, struct json_doc *d)
{
	(void)text;
	buf_reset(&out);
	json_put_value(&out, d, 0, d->nodes[0].depth - 1u, NULL);
}

static void
put_escaped(struct slice text, struct json_doc *d)
{
	(void)d;
	buf_reset(&out);
	json_put_escaped(&out, text);
}

static const struct bench {
	const char *name;
	void (*fn)(struct slice text, struct json_doc *d);
} benches[] = {
	{"json_parse", parse},
	{"json_cursor_skip", skip},
	{"json_put_value", put_value},
	{"json_put_value by node", put_value_by_node},
	{"json_put_escaped", put_escaped},
};

int
main(int argc, char **argv)
{
	struct slice text = slice_str(event);
	struct json_doc d;
	struct buf file;
	struct err e;

	arena_init(&arena, (size_t)1 << 32);
	buf_init(&out, (size_t)1 << 30);
	buf_init(&file, (size_t)1 << 28);
	if (argc > 1) {
		if (file_read(argv[1], &file, &e) != 0) {
			fprintf(stderr, "%s\n", e.text);
			return 1;
		}
		text = buf_slice(&file);
	}
	parse(text, &d);
	printf("%zu bytes, %u values\n", text.len, d.n_nodes);
	for (size_t i = 0; i < ARRAY_LEN(benches); i++) {
		int64_t start = clock_mono_ns(), ns;
		int64_t n = 0;

		do {
			for (int k = 0; k < ROUNDS; k++)
				benches[i].fn(text, &d);
			n += ROUNDS;
			ns = clock_mono_ns() - start;
		} while (ns < MEASURE_NS);
		printf("%-24s %8.0f MB/s\n", benches[i].name,
			(double)text.len * (double)n * 1e3 / (double)ns);
	}
	buf_fini(&file);
	buf_fini(&out);
	arena_fini(&arena);
	return 0;
}
