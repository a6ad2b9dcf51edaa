#include "base/utf8.h"
#include "dlq/dlq.h"

/*
 * Variable parts of an error text: uuids, runs of digits, hex of eight digits
 * and more, and what is between quotes. What is left is the same for equal
 * errors of different events.
 */
static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '_' || ((unsigned char)c >= 0x80);
}

static size_t
uuid_at(struct slice s)
{
	struct uuid u;

	return s.len >= UUID_TEXT && uuid_parse(slice_of(s.p, UUID_TEXT), &u) &&
			       (s.len == UUID_TEXT || !is_word(s.p[UUID_TEXT]))
		       ? UUID_TEXT
		       : 0;
}

/* Of a word of hex digits with a decimal one among them. */
static size_t
hex_at(struct slice s)
{
	bool has_digit = false;
	size_t n = 0;

	while (n < s.len && is_hex(s.p[n]))
		has_digit = is_digit(s.p[n++]) || has_digit;
	if (n < s.len && is_word(s.p[n]))
		return 0;
	return n >= 8 && has_digit ? n : 0;
}

static size_t
number_at(struct slice s)
{
	size_t n = 0;

	while (n < s.len &&
		(is_digit(s.p[n]) || (s.p[n] == '.' && n + 1 < s.len && n > 0 &&
					     is_digit(s.p[n + 1]))))
		n++;
	return n;
}

/* With both quotes. An apostrophe inside a word is none. */
static size_t
quoted_at(struct slice s, bool after_word)
{
	if (s.p[0] != '"' && (s.p[0] != '\'' || after_word))
		return 0;
	for (size_t i = 1; i < s.len; i++)
		if (s.p[i] == s.p[0] && (s.p[0] == '"' || i + 1 == s.len ||
						!is_word(s.p[i + 1])))
			return i + 1;
	return 0;
}

static size_t
variable_at(struct slice s, bool after_word, const char **name)
{
	size_t n = quoted_at(s, after_word);

	*name = "<text>";
	if (n == 0 && !after_word) {
		*name = "<uuid>";
		n = uuid_at(s);
	}
	if (n == 0 && !after_word) {
		*name = "<hex>";
		n = hex_at(s);
	}
	if (n == 0) {
		*name = "<n>";
		n = number_at(s);
	}
	return n;
}

void
dlq_normalise(struct slice error, struct buf *out)
{
	size_t start = out->len;
	bool after_word = false;

	error = slice_trim(error);
	while (error.len > 0 && out->len - start <= DLQ_ERROR_MAX) {
		const char *name;
		size_t n = variable_at(error, after_word, &name);

		if (n > 0) {
			buf_append_str(out, name);
			after_word = false;
		} else {
			n = 1;
			buf_append_char(out, error.p[0]);
			after_word = is_word(error.p[0]);
		}
		error.p += n;
		error.len -= n;
	}
	if (out->failed || out->len - start <= DLQ_ERROR_MAX)
		return;
	out->len = start + DLQ_ERROR_MAX;
	while (out->len > start &&
		((unsigned char)out->p[out->len] & 0xc0) == 0x80)
		out->len--;
}
