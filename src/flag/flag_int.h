#ifndef SLUICE_FLAG_FLAG_INT_H
#define SLUICE_FLAG_FLAG_INT_H

#include "base/buf.h"
#include "base/err.h"
#include "flag/flag.h"
#include "team/team.h"

#define FLAG_BODY_BYTES (2 * 1024 * 1024)
#define FLAG_TEXT_BYTES ((size_t)10 * 1024 * 1024)

/* What the query says, with the defaults of spec flags 1.2 applied. */
struct flag_query {
	bool is_decide;
	int version; /* 0: absent */
	bool config;
	bool gzip, base64; /* named by compression */
	bool bad_compression;
};

/* What an answer without flags needs of the body. */
struct flag_body {
	struct slice token; /* decoded; len 0: none */
	bool has_distinct_id;
	bool disable_flags;
};

struct flag_refusal {
	int status;
	char text[200];
};

/* decode.c: the JSON text of a body; -1 with *no filled. */
int flag_decode(struct http_request *r, const struct flag_query *q,
	struct buf *text, struct flag_refusal *no);
/* body.c: reads the fields; false: no JSON object. */
bool flag_read_body(struct arena *a, struct slice text, struct flag_body *out);
/* NaN, Infinity and -Infinity outside strings become null. */
void flag_mend_numbers(struct slice text, struct buf *out);

#endif
