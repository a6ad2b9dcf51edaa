#include "base/log.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/thread.h"
#include "base/utf8.h"

#define LINE_BYTES 4096
#define N_IDS 256
#define MAX_PER_SECOND 20

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static atomic_int least_level = LOG_INFO;
static atomic_int line_format = LOG_LOGFMT;

/* How often each id was printed in its current second. */
struct id_rate {
	char id[48];
	int64_t second;
	unsigned n;
	unsigned suppressed;
};
static struct lock rates_lock = {PTHREAD_MUTEX_INITIALIZER};
static struct id_rate rates[N_IDS]; /* guarded by rates_lock */

void
log_configure(enum log_level level, enum log_format format)
{
	atomic_store(&least_level, (int)level);
	atomic_store(&line_format, (int)format);
}

int
log_level_from_name(const char *name, enum log_level *out)
{
	for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

/* The row of an id; when the table is full, rows are shared. */
static struct id_rate *
find_rate(const char *id)
{
	size_t first = (size_t)hash_xx64(id, strlen(id)) % N_IDS;

	for (size_t i = 0; i < N_IDS; i++) {
		struct id_rate *r = &rates[(first + i) % N_IDS];

		if (r->id[0] == '\0') {
			snprintf(r->id, sizeof(r->id), "%s", id);
			return r;
		}
		if (strncmp(r->id, id, sizeof(r->id) - 1) == 0)
			return r;
	}
	return &rates[first];
}

static bool
may_print(const char *id, unsigned *suppressed)
{
	int64_t second = clock_mono_ns() / INT64_C(1000000000);
	struct id_rate *r;
	bool ok;

	lock_take(&rates_lock);
	r = find_rate(id);
	if (r->second != second) {
		r->second = second;
		r->n = 0;
	}
	ok = r->n < MAX_PER_SECOND;
	if (ok) {
		r->n++;
		*suppressed = r->suppressed;
		r->suppressed = 0;
	} else {
		r->suppressed++;
	}
	lock_release(&rates_lock);
	return ok;
}

struct line {
	char text[LINE_BYTES];
	size_t len;
};

/* Cuts what does not fit, leaving room for the end of the line. */
static void
put(struct line *l, const char *p, size_t n)
{
	size_t room = sizeof(l->text) - 4 - l->len;

	if (n > room)
		n = room;
	memcpy(l->text + l->len, p, n);
	l->len += n;
}

static void
put_str(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

/* The end of a value: of one in quotes, just behind the closing quote. */
static const char *
value_end(const char *p)
{
	if (*p != '"') {
		while (*p != '\0' && *p != ' ')
			p++;
		return p;
	}
	for (p++; *p != '\0' && *p != '"'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
	}
	return *p == '"' ? p + 1 : p;
}

static bool
is_json_number(const char *p, size_t n)
{
	size_t i = n > 0 && p[0] == '-';

	if (n == i || n > 18 || (p[i] == '0' && n > i + 1))
		return false;
	for (; i < n; i++) {
		if (!isdigit((unsigned char)p[i]))
			return false;
	}
	return true;
}

/* key=value fields as members of a JSON object. */
static void
put_json_fields(struct line *l, const char *p)
{
	while (*p != '\0') {
		const char *key = p, *value, *end;

		while (*p != '\0' && *p != '=' && *p != ' ')
			p++;
		if (*p == '=') {
			put_str(l, ",\"");
			put(l, key, (size_t)(p - key));
			put_str(l, "\":");
			value = p + 1;
		} else {
			put_str(l, ",\"text\":");
			value = key;
		}
		end = value_end(value);
		if (*value == '"' && end > value + 1 && end[-1] == '"') {
			put(l, value, (size_t)(end - value));
		} else if (is_json_number(value, (size_t)(end - value))) {
			put(l, value, (size_t)(end - value));
		} else {
			char copy[256];

			snprintf(copy, sizeof(copy), "%.*s", (int)(end - value),
				value);
			put_str(l, log_q(copy));
		}
		for (p = end; *p == ' '; p++)
			continue;
	}
}

static void
put_line(struct line *l, enum log_level level, const char *id,
	const char *fields, unsigned suppressed)
{
	bool is_json = atomic_load(&line_format) == LOG_JSON;
	char ts[CLOCK_TEXT_MAX], extra[40] = "";

	clock_format(clock_now_us(), CLOCK_ISO_MS, ts);
	if (suppressed > 0)
		snprintf(extra, sizeof(extra), " suppressed=%u", suppressed);
	put_str(l, is_json ? "{\"ts\":\"" : "ts=");
	put_str(l, ts);
	put_str(l, is_json ? "\",\"level\":\"" : " level=");
	put_str(l, level_names[level]);
	put_str(l, is_json ? "\",\"event\":\"" : " event=");
	put_str(l, id);
	if (is_json) {
		put_str(l, "\"");
		put_json_fields(l, fields);
		if (suppressed > 0)
			put_json_fields(l, extra + 1);
		l->text[l->len++] = '}';
	} else {
		if (*fields != '\0')
			put_str(l, " ");
		put_str(l, fields);
		put_str(l, extra);
	}
	l->text[l->len++] = '\n';
}

void
log_event(enum log_level level, const char *id, const char *fmt, ...)
{
	unsigned suppressed = 0;
	char fields[LINE_BYTES - 512];
	struct line l = {.len = 0};
	va_list ap;

	if ((int)level < atomic_load_explicit(
				 &least_level, memory_order_relaxed) ||
		!may_print(id, &suppressed))
		return;
	va_start(ap, fmt);
	vsnprintf(fields, sizeof(fields), fmt, ap);
	va_end(ap);
	for (char *p = fields; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ')
			*p = ' ';
	}
	put_line(&l, level, id, fields, suppressed);
	if (write(STDERR_FILENO, l.text, l.len) < 0)
		return; /* nowhere left to say so */
}

/* One character of the text in quoted form; returns the bytes it took. */
static size_t
quote_char(const char *p, size_t len, char out[8])
{
	unsigned char c = (unsigned char)p[0];
	size_t n;

	if (c == '"' || c == '\\') {
		snprintf(out, 8, "\\%c", c);
		return 1;
	}
	if (c == '\n' || c == '\t') {
		snprintf(out, 8, c == '\n' ? "\\n" : "\\t");
		return 1;
	}
	if (c < ' ' || c == 0x7f) {
		snprintf(out, 8, "\\u%04x", c);
		return 1;
	}
	for (n = 1; n <= 4 && n <= len; n++) {
		if (utf8_valid(slice_of(p, n))) {
			memcpy(out, p, n);
			out[n] = '\0';
			return n;
		}
	}
	snprintf(out, 8, "\\ufffd");
	return 1;
}

const char *
log_q(const char *text)
{
	static _Thread_local char ring[8][512];
	static _Thread_local unsigned turn;
	char *out = ring[turn++ % 8];
	size_t len = strlen(text), i = 0, n = 1;
	char one[8];

	out[0] = '"';
	while (i < len) {
		size_t taken = quote_char(text + i, len - i, one);
		size_t m = strlen(one);

		if (n + m + 2 > sizeof(ring[0]))
			break;
		memcpy(out + n, one, m);
		n += m;
		i += taken;
	}
	out[n++] = '"';
	out[n] = '\0';
	return out;
}
