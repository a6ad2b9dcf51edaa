#include "capture/capture_int.h"

#include "base/base64.h"

#define SNIFF_BYTES 128

static bool
is_base64_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=';
}

bool
capture_looks_base64(struct slice s, bool blanks_too)
{
	size_t n = s.len < SNIFF_BYTES ? s.len : SNIFF_BYTES;

	if (s.len == 0 || s.len % 4 != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_base64_char(s.p[i]) && !(blanks_too && s.p[i] == ' '))
			return false;
	return true;
}

bool
capture_looks_form(struct slice s)
{
	static const char *const keys[] = {
		"data=", "_=", "ip=", "compression="};
	size_t n = s.len < SNIFF_BYTES ? s.len : SNIFF_BYTES;

	for (size_t i = 0; i < n; i++) {
		struct slice rest = slice_of(s.p + i, n - i);

		if (i > 0 && s.p[i - 1] != '&')
			continue;
		for (size_t k = 0; k < ARRAY_LEN(keys); k++)
			if (slice_starts(rest, slice_str(keys[k])))
				return true;
	}
	return false;
}

bool
capture_media_type_is(struct slice content_type, const char *type)
{
	const char *semi = content_type.len == 0 ? NULL
						 : memchr(content_type.p, ';',
							   content_type.len);

	if (semi != NULL)
		content_type.len = (size_t)(semi - content_type.p);
	return slice_eq_nocase(slice_trim(content_type), slice_str(type));
}

static void
take_field(struct capture_ctx *x, struct slice name, struct slice value,
	struct slice *payload)
{
	if (slice_eq_str(name, "data"))
		*payload = value;
	else if (slice_eq_str(name, "compression"))
		x->form_hint = capture_hint_of(value, true);
	else if (x->form_token.len == 0 &&
		 (slice_eq_str(name, "token") || slice_eq_str(name, "api_key")))
		x->form_token = value;
}

/* Blanks of a base64 text were + before the form was decoded. */
static struct slice
mend_blanks(struct capture_ctx *x, struct slice s)
{
	char *p;

	if (!capture_looks_base64(s, true) || memchr(s.p, ' ', s.len) == NULL)
		return s;
	p = arena_alloc(x->a, s.len);
	if (p == NULL)
		return s;
	for (size_t i = 0; i < s.len; i++)
		p[i] = s.p[i] == ' ' ? '+' : s.p[i];
	return slice_of(p, s.len);
}

static struct slice
find(struct slice in, struct slice what)
{
	const char *p =
		in.len == 0 ? NULL : memmem(in.p, in.len, what.p, what.len);

	return p == NULL ? SLICE_NONE
			 : slice_of(p, in.len - (size_t)(p - in.p));
}

/* The value of name="…" in a part's head. */
static struct slice
part_name(struct slice head)
{
	struct slice s = find(head, SLICE_LIT(" name=\""));
	const char *end;

	if (s.p == NULL)
		return SLICE_NONE;
	s = slice_of(s.p + 7, s.len - 7);
	end = memchr(s.p, '"', s.len);
	return end == NULL ? SLICE_NONE : slice_of(s.p, (size_t)(end - s.p));
}

static bool
boundary_of(struct capture_ctx *x, struct slice *out)
{
	struct slice b = find(x->content_type, SLICE_LIT("boundary="));
	const char *semi;
	char *p;

	if (b.p == NULL)
		return false;
	b = slice_of(b.p + 9, b.len - 9);
	semi = memchr(b.p, ';', b.len);
	if (semi != NULL)
		b.len = (size_t)(semi - b.p);
	b = slice_trim(b);
	if (b.len >= 2 && b.p[0] == '"' && b.p[b.len - 1] == '"')
		b = slice_of(b.p + 1, b.len - 2);
	if (b.len == 0 || b.len > 100)
		return false;
	p = arena_alloc(x->a, b.len + 4);
	if (p == NULL)
		return false;
	memcpy(p, "\r\n--", 4);
	memcpy(p + 4, b.p, b.len);
	*out = slice_of(p, b.len + 4);
	return true;
}

static bool
read_multipart(struct capture_ctx *x, struct slice *payload)
{
	struct slice in = *payload, mark, part = SLICE_NONE;
	bool found = false;

	if (!boundary_of(x, &mark))
		return false;
	/* The first boundary may stand at the very start. */
	if (slice_starts(in, slice_of(mark.p + 2, mark.len - 2)))
		in = slice_of(in.p + mark.len - 2, in.len - mark.len + 2);
	else if ((in = find(in, mark)).p != NULL)
		in = slice_of(in.p + mark.len, in.len - mark.len);
	while (in.p != NULL) {
		struct slice next = find(in, mark);
		struct slice body;

		if (next.p == NULL)
			break;
		part = slice_of(in.p, (size_t)(next.p - in.p));
		body = find(part, SLICE_LIT("\r\n\r\n"));
		if (body.p != NULL) {
			struct slice name = part_name(
				slice_of(part.p, (size_t)(body.p - part.p)));

			found |= slice_eq_str(name, "data");
			take_field(x, name, slice_of(body.p + 4, body.len - 4),
				payload);
		}
		in = slice_of(next.p + mark.len, next.len - mark.len);
	}
	return found;
}

int
capture_read_form(struct capture_ctx *x, struct slice *payload)
{
	struct slice rest = *payload;
	struct http_pair p;

	if (capture_media_type_is(x->content_type, "multipart/form-data")) {
		if (read_multipart(x, payload))
			*payload = mend_blanks(x, *payload);
		return 0;
	}
	while (http_pair_next(x->a, &rest, &p))
		take_field(x, p.name, p.value, payload);
	if (rest.len > 0)
		return capture_refuse(x, 400, CAPTURE_REQ_DECODING,
			"failed to decode request: invalid urlencoded form "
			"data");
	*payload = mend_blanks(x, *payload);
	return 0;
}
