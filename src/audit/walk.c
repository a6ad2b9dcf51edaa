#include "audit/audit.h"

#include <string.h>

#include "topic/batch.h"

/*
 * Who a record is. A record of the front log says it in its headers, the row of
 * an event in its key ("TEAM:…") and the begin of its value ({"uuid":"…").
 */
#define UUID_AT (sizeof("{\"uuid\":\"") - 1)
#define UUID_LEN 36
#define INFLATED_MAX ((size_t)256 * 1024 * 1024)

void
audit_identify(const struct batch_record_view *rec, struct slice *token,
	struct slice *uuid)
{
	struct slice left = rec->headers;
	struct batch_header_kv kv;

	*token = *uuid = SLICE_NONE;
	for (uint32_t i = 0; i < rec->n_headers; i++) {
		if (!batch_header_next(&left, &kv))
			return;
		if (kv.key.len == 5 && memcmp(kv.key.p, "token", 5) == 0)
			*token = kv.value;
		else if (kv.key.len == 4 && memcmp(kv.key.p, "uuid", 4) == 0)
			*uuid = kv.value;
		if (token->p != NULL && uuid->p != NULL)
			return;
	}
}

bool
audit_identify_output(const struct batch_record_view *rec, int64_t *team_id,
	struct slice *uuid)
{
	struct slice key = rec->key;
	bool is_negative = key.len > 0 && key.p[0] == '-';
	size_t i = is_negative ? 1 : 0;

	*team_id = 0;
	for (; i < key.len && i < 19 && key.p[i] >= '0' && key.p[i] <= '9'; i++)
		*team_id = *team_id * 10 + (key.p[i] - '0');
	if (is_negative)
		*team_id = -*team_id;
	if (i == 0 || i == key.len || key.p[i] != ':')
		return false;
	if (rec->value.len < UUID_AT + UUID_LEN ||
		memcmp(rec->value.p, "{\"uuid\":\"", UUID_AT) != 0)
		return false;
	*uuid = slice_of(rec->value.p + UUID_AT, UUID_LEN);
	return true;
}

void
audit_memo_reset(struct audit_memo *m, const struct audit_teams *t)
{
	m->teams = t;
	for (int i = 0; i < AUDIT_TOKENS; i++)
		m->slots[i].len = 0;
}

int64_t
audit_memo_team(struct audit_memo *m, struct slice token)
{
	size_t i;

	if (token.len == 0)
		return 0;
	/* Keys are random: any of their characters spreads them. */
	i = (size_t)(token.p[token.len - 1] ^ token.p[token.len / 2]) %
	    AUDIT_TOKENS;
	if (m->slots[i].len == token.len &&
		memcmp(m->slots[i].token, token.p, token.len) == 0)
		return m->slots[i].team_id;
	if (token.len > sizeof(m->slots[i].token))
		return m->teams->by_token(m->teams->cookie, token);
	m->slots[i].team_id = m->teams->by_token(m->teams->cookie, token);
	memcpy(m->slots[i].token, token.p, token.len);
	m->slots[i].len = token.len;
	return m->slots[i].team_id;
}

static int
visit(const struct batch_record_view *rec, const struct audit_range *x,
	audit_visit_fn *fn, void *cookie, struct err *e)
{
	struct slice token, uuid = SLICE_NONE;
	struct audit_visit v = {.offset = rec->offset, .ts_ms = rec->ts_ms};

	if (x->kind == AUDIT_OF_OUTPUT) {
		if (!audit_identify_output(rec, &v.team_id, &uuid))
			uuid = SLICE_NONE;
	} else {
		audit_identify(rec, &token, &uuid);
		if (uuid.p != NULL)
			v.team_id = audit_memo_team(x->memo, token);
	}
	v.hash = uuid.p == NULL ? 0 : audit_uuid_hash(uuid);
	return fn(cookie, &v, e);
}

int
audit_walk(struct slice batches, const struct audit_range *x,
	audit_visit_fn *fn, void *cookie, struct err *e)
{
	struct buf raw;
	int r = 0;

	buf_init(&raw, INFLATED_MAX);
	while (r == 0 && batches.len > 0) {
		struct batch_record_view rec;
		struct batch_reader reader;
		struct err bad;

		if (batch_reader_init(&reader, batches, &raw, &bad) != 0)
			break;
		while (r == 0 && batch_next(&reader, &rec, &bad) == 1)
			if (rec.offset >= x->from && rec.offset < x->to)
				r = visit(&rec, x, fn, cookie, e);
		batches.p += reader.info.bytes;
		batches.len -= reader.info.bytes;
	}
	buf_fini(&raw);
	return r;
}
