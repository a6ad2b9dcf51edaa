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

/* Spread over the request, so that all kinds stand beside each other. */
static enum load_kind
kind_of(const struct load_options *o, int i)
{
	int k = i % LOAD_MIX;

	if (!o->is_mixed)
		return LOAD_KNOWN;
	if (k == LOAD_MIX - 1)
		return LOAD_MERGE;
	if (k % 5 == 2)
		return LOAD_UPDATE;
	return k % 10 == 8 && k < 40 ? LOAD_FRESH : LOAD_KNOWN;
}

/* Persons whose number ends in this one are there to be swallowed by merges:
 * nobody identifies them before. */
#define SWALLOWED_DIGIT 7

static const char *
merge_prefix(const struct load_options *o)
{
	return o->n_merges_max <= o->n_persons / 10 ? "user-" : "fresh-";
}

static void
put_mixed(struct buf *b, struct load_patch *patch, const struct load_options *o)
{
	if (patch->kind == LOAD_UPDATE)
		buf_append_lit(b, ",\"$set\":{\"plan\":\"p-");
	else if (patch->kind == LOAD_MERGE)
		buf_printf(b, ",\"$anon_distinct_id\":\"%s", merge_prefix(o));
	else
		return;
	patch->value = (uint32_t)b->len;
	buf_append_lit(b, "00000000\"");
	if (patch->kind == LOAD_UPDATE)
		buf_append_char(b, '}');
}

static void
put_event(struct buf *b, struct load_patch *patch, const struct load_options *o,
	struct rand_state *r)
{
	size_t until = b->len + (size_t)o->event_bytes - 60;
	bool identify =
		!o->is_mixed && (int)rand_below(r, 100) < o->identify_percent;
	char at[CLOCK_TEXT_MAX];

	clock_format(clock_now_us(), CLOCK_ISO_MS, at);
	buf_printf(b, "{\"event\":\"%s\",\"uuid\":\"",
		identify || patch->kind == LOAD_MERGE ? "$identify"
						      : "$pageview");
	patch->uuid = (uint32_t)b->len;
	put_uuid(b, r);
	buf_printf(b, "\",\"distinct_id\":\"%s-",
		patch->kind == LOAD_FRESH ? "fresh" : "user");
	patch->person = (uint32_t)b->len;
	buf_printf(b, "00000000\",\"timestamp\":\"%s\",", at);
	if (o->events_per_request == 1)
		buf_printf(b, "\"api_key\":\"%s\",", o->token);
	put_properties(b, r, until);
	if (identify)
		buf_printf(b, ",\"$set\":{\"plan\":\"p%d\"}",
			(int)rand_below(r, 4));
	put_mixed(b, patch, o);
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
		t->patches[i].kind = kind_of(o, i);
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

static int64_t
common_divisor(int64_t a, int64_t b)
{
	while (b != 0) {
		int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

void
load_numbers_init(struct load_numbers *n, const struct load_options *o)
{
	*n = (struct load_numbers){o->first_fresh, o->first_merge, 0, 1};
	if (!o->is_mixed || o->n_merges_max > o->n_persons / 10)
		return;
	/* Steps of about the golden section meet each of them once. */
	n->n_swallowed = o->n_persons / 10;
	n->stride = (int64_t)((double)n->n_swallowed * 0.618) + 1;
	while (common_divisor(n->stride, n->n_swallowed) != 1)
		n->stride++;
}

static int64_t
swallowed_person(struct load_numbers *n)
{
	int64_t k = n->merge++;

	if (n->n_swallowed == 0)
		return k;
	return k % n->n_swallowed * n->stride % n->n_swallowed * 10 +
	       SWALLOWED_DIGIT;
}

static void
write_digits(char *at, int64_t v)
{
	for (char *digit = at + 8; digit > at; v /= 10)
		*--digit = (char)('0' + v % 10);
}

static void
fill_one(struct load_template *t, const struct load_patch *patch,
	const struct load_options *o, struct rand_state *r,
	struct load_numbers *n)
{
	int64_t person = (int64_t)rand_below(r, (uint64_t)o->n_persons);

	write_uuid(t->text + patch->uuid, r);
	switch (patch->kind) {
	case LOAD_KNOWN:
		break;
	case LOAD_UPDATE:
		write_digits(t->text + patch->value,
			(int64_t)rand_below(r, 100000000));
		break;
	case LOAD_FRESH:
		person = n->fresh++;
		break;
	case LOAD_MERGE:
		if (person % 10 == SWALLOWED_DIGIT)
			person--;
		write_digits(t->text + patch->value, swallowed_person(n));
		break;
	}
	write_digits(t->text + patch->person, person);
}

void
load_template_fill(struct load_template *t, const struct load_options *o,
	struct rand_state *r, struct load_numbers *n)
{
	for (int i = 0; i < t->n; i++)
		fill_one(t, &t->patches[i], o, r, n);
}

void
load_template_free(struct load_template *t)
{
	mem_free(t->text);
	mem_free(t->patches);
}
