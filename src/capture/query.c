#include "capture/capture_int.h"

#include "base/clock.h"

#define YEAR_2021_US 1609459200000000

static const struct {
	const char *text;
	enum capture_hint hint;
} hints[] = {
	{"gzip", HINT_GZIP},
	{"gzip-js", HINT_GZIP},
	{"lz64", HINT_LZ64},
	{"lz-string", HINT_LZ64},
	{"base64", HINT_BASE64},
	{"b64", HINT_BASE64},
};

enum capture_hint
capture_hint_of(struct slice value, bool any_case)
{
	for (size_t i = 0; i < ARRAY_LEN(hints); i++)
		if (any_case ? slice_eq_nocase(value, slice_str(hints[i].text))
			     : slice_eq_str(value, hints[i].text))
			return hints[i].hint;
	return HINT_NONE;
}

static bool
read_integer(struct slice s, int64_t *out)
{
	bool negative = s.len > 0 && s.p[0] == '-';
	size_t i = s.len > 0 && (s.p[0] == '-' || s.p[0] == '+');
	int64_t v = 0;

	if (i == s.len)
		return false;
	for (; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' ||
			__builtin_mul_overflow(v, 10, &v) ||
			__builtin_sub_overflow(v, s.p[i] - '0', &v))
			return false;
	}
	if (!negative && v == INT64_MIN)
		return false;
	*out = negative ? v : -v;
	return true;
}

static int
bad_query(struct capture_ctx *x, const char *why, struct slice name)
{
	return capture_refuse(x, 400, CAPTURE_BAD_QUERY,
		"Failed to deserialize query string: %s `%.*s`", why,
		(int)(name.len > 40 ? 40 : name.len), name.p);
}

enum known { Q_DATA, Q_COMPRESSION, Q_SENT_AT, Q_BEACON, Q_TOKEN, Q_OTHER };

static enum known
known_name(struct slice name)
{
	static const struct {
		const char *name;
		enum known known;
	} names[] = {
		{"data", Q_DATA},
		{"compression", Q_COMPRESSION},
		{"_", Q_SENT_AT},
		{"sent_at", Q_SENT_AT},
		{"beacon", Q_BEACON},
		{"token", Q_TOKEN},
		{"api_key", Q_TOKEN},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq_str(name, names[i].name))
			return names[i].known;
	return Q_OTHER;
}

static int
take_pair(struct capture_ctx *x, const struct http_pair *p, unsigned *seen)
{
	struct capture_query *q = &x->q;
	enum known k = known_name(p->name);
	int64_t v;

	if (k == Q_OTHER)
		return 0;
	if (k == Q_TOKEN) {
		if (q->token.len == 0)
			q->token = p->value;
		return 0;
	}
	if ((*seen & 1u << k) != 0)
		return bad_query(x, "duplicate field", p->name);
	*seen |= 1u << k;
	if (k == Q_DATA) {
		q->payload = p->value;
		return 0;
	}
	if (k == Q_COMPRESSION) {
		q->hint = capture_hint_of(p->value, true);
		return 0;
	}
	if (!read_integer(p->value, &v))
		return bad_query(x, "not an integer in field", p->name);
	if (k == Q_BEACON) {
		q->beacon = v == 1;
		return 0;
	}
	/* Seconds, and clocks of long ago, are no send time. */
	q->sent_at_ms = v;
	q->has_sent_at = v >= YEAR_2021_US / 1000 && v < 253402300800000;
	return 0;
}

int
capture_read_query(struct capture_ctx *x)
{
	struct slice rest = x->query_text;
	struct http_pair p;
	unsigned seen = 0;

	while (http_pair_next(x->a, &rest, &p))
		if (take_pair(x, &p, &seen) != 0)
			return -1;
	return 0;
}
