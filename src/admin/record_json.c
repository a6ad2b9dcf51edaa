#include <string.h>

#include "admin/records.h"
#include "base/base64.h"
#include "base/json_write.h"
#include "base/utf8.h"

void
records_put_text(struct buf *b, const char *name, struct slice text)
{
	bool is_text = text.p == NULL || utf8_valid(text);

	json_put_string(b, slice_str(name));
	if (!is_text) {
		b->len--;
		buf_append_lit(b, "_base64\"");
	}
	buf_append_char(b, ':');
	if (text.p == NULL) {
		buf_append_lit(b, "null");
	} else if (is_text) {
		json_put_string(b, text);
	} else {
		buf_append_char(b, '"');
		base64_encode(text, b);
		buf_append_char(b, '"');
	}
}

void
records_put_headers(struct buf *b, const struct batch_record_view *v)
{
	struct slice rest = v->headers;
	struct batch_header_kv kv;
	bool first = true;

	buf_append_lit(b, "\"headers\":{");
	while (batch_header_next(&rest, &kv)) {
		if (!utf8_valid(kv.key) || memchr(kv.key.p, 0, kv.key.len))
			continue;
		if (!first)
			buf_append_char(b, ',');
		first = false;
		json_put_string(b, kv.key);
		buf_append_char(b, ':');
		if (kv.value.p == NULL) {
			buf_append_lit(b, "null");
		} else if (utf8_valid(kv.value)) {
			json_put_string(b, kv.value);
		} else {
			buf_append_char(b, '"');
			base64_encode(kv.value, b);
			buf_append_char(b, '"');
		}
	}
	buf_append_char(b, '}');
}

void
records_write_json(
	struct buf *b, int partition, const struct batch_record_view *v)
{
	buf_printf(b,
		"{\"partition\":%d,\"offset\":%lld,\"timestamp_ms\":%lld,",
		partition, (long long)v->offset, (long long)v->ts_ms);
	records_put_text(b, "key", v->key);
	buf_append_char(b, ',');
	records_put_headers(b, v);
	buf_append_char(b, ',');
	records_put_text(b, "value", v->value);
	buf_append_lit(b, "}\n");
}
