#include "httpc/load_body.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#define BODY_MAX_BYTES (64 * 1024 * 1024)

static void
put_random(struct buf *b, struct rand_state *r, int n)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO"
				     "PQRSTUVWXYZ0123456789";

	for (int i = 0; i < n; i++)
		buf_append_char(b, digits[rand_below(r, 62)]);
}

static void
write_uuid(char *at, struct rand_state *r)
{
	static const char hex[] = "0123456789abcdef";
	uint64_t v = rand_next(r);

	for (int i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			at[i] = '-';
			continue;
		}
		if (i == 19)
			v = rand_next(r);
		at[i] = i == 14 ? '4' : i == 19 ? 'a' : hex[v & 15];
		v >>= 4;
	}
}

static void
put_uuid(struct buf *b, struct rand_state *r)
{
	char *at = buf_reserve(b, 36);

	if (at != NULL) {
		write_uuid(at, r);
		b->len += 36;
	}
}

static void
put_words(struct buf *b, struct rand_state *r, size_t until)
{
	static const char *const words[] = {"price", "button", "signup",
		"offer", "checkout", "garden", "winter", "mobile", "account",
		"team", "report", "banner", "search", "profile", "invoice",
		"travel"};

	while (b->len < until && !b->failed) {
		buf_append_str(b, words[rand_below(r, ARRAY_LEN(words))]);
		buf_append_char(b, ' ');
	}
}

/* What a page view of a browser looks like. */
static void
put_properties(struct buf *b, struct rand_state *r, size_t until)
{
	buf_append_lit(b,
		"\"properties\":{\"$os\":\"Mac OS X\",\"$browser\":\"Chrome\","
		"\"$device_type\":\"Desktop\",\"$lib\":\"web\","
		"\"$lib_version\":\"1.449.2\",\"$host\":\"shop.example\","
		"\"$current_url\":\"https://shop.example/p/");
	put_random(b, r, 40);
	buf_printf(b,
		"?q=%llu\",\"$pathname\":\"/p/%llu\",\"$browser_version\":%d,"
		"\"$screen_height\":%d,\"$screen_width\":%d,"
		"\"$viewport_height\":%d,\"$viewport_width\":%d,"
		"\"$insert_id\":\"",
		(unsigned long long)rand_below(r, 1000000000),
		(unsigned long long)rand_below(r, 1000000),
		100 + (int)rand_below(r, 30), 700 + (int)rand_below(r, 800),
		1000 + (int)rand_below(r, 1500), 500 + (int)rand_below(r, 900),
		900 + (int)rand_below(r, 1500));
	put_random(b, r, 16);
	buf_append_lit(b, "\",\"$session_id\":\"");
	put_uuid(b, r);
	buf_append_lit(b, "\",\"$window_id\":\"");
	put_uuid(b, r);
	buf_append_lit(b, "\",\"$device_id\":\"");
	put_uuid(b, r);
	buf_append_lit(b, "\",\"note\":\"");
	put_random(b, r, 120);
	buf_append_char(b, ' ');
	put_words(b, r, until);
	buf_append_lit(b, "\"");
}

static void
put_event(struct buf *b, struct load_patch *patch, const struct load_options *o,
	struct rand_state *r)
{
	size_t until = b->len + (size_t)o->event_bytes - 60;
	bool identify = (int)rand_below(r, 100) < o->identify_percent;
	char at[CLOCK_TEXT_MAX];

	clock_format(clock_now_us(), CLOCK_ISO_MS, at);
	buf_printf(b, "{\"event\":\"%s\",\"uuid\":\"",
		identify ? "$identify" : "$pageview");
	patch->uuid = (uint32_t)b->len;
	put_uuid(b, r);
	buf_append_lit(b, "\",\"distinct_id\":\"user-");
	patch->person = (uint32_t)b->len;
	buf_printf(b, "00000000\",\"timestamp\":\"%s\",", at);
	if (o->events_per_request == 1)
		buf_printf(b, "\"api_key\":\"%s\",", o->token);
	put_properties(b, r, until);
	if (identify)
		buf_printf(b, ",\"$set\":{\"plan\":\"p%d\"}",
			(int)rand_below(r, 4));
	buf_append_lit(b, "}}");
}

int
load_template_make(struct load_template *t, const struct load_options *o,
	struct rand_state *r, struct err *e)
{
	struct buf b;

	buf_init(&b, BODY_MAX_BYTES);
	t->n = o->events_per_request;
	t->patches = mem_zalloc((size_t)t->n, sizeof(*t->patches));
	if (t->n > 1)
		buf_printf(&b, "{\"api_key\":\"%s\",\"batch\":[", o->token);
	for (int i = 0; t->patches != NULL && i < t->n; i++) {
		if (i > 0)
			buf_append_char(&b, ',');
		put_event(&b, &t->patches[i], o, r);
	}
	if (t->n > 1)
		buf_append_lit(&b, "]}");
	if (b.failed || t->patches == NULL) {
		buf_fini(&b);
		mem_free(t->patches);
		return err_set(
			e, ERR_NO_MEMORY, "no memory for a request body");
	}
	t->text = buf_take(&b, &t->len);
	return 0;
}

void
load_template_fill(struct load_template *t, const struct load_options *o,
	struct rand_state *r)
{
	for (int i = 0; i < t->n; i++) {
		uint64_t person = rand_below(r, (uint64_t)o->n_persons);
		char *digit = t->text + t->patches[i].person + 8;

		write_uuid(t->text + t->patches[i].uuid, r);
		for (int j = 0; j < 8; j++) {
			*--digit = (char)('0' + person % 10);
			person /= 10;
		}
	}
}

void
load_template_free(struct load_template *t)
{
	mem_free(t->text);
	mem_free(t->patches);
}
