#include "admin/check.h"
#include "admin/door.h"
#include "base/json_write.h"
#include "base/utf8.h"

static const char *
code_word(enum err_code code)
{
	switch (code) {
	case ERR_INVALID:
		return "invalid";
	case ERR_DENIED:
		return "unauthorized";
	case ERR_NOT_FOUND:
		return "not_found";
	case ERR_EXISTS:
		return "exists";
	case ERR_TOO_BIG:
		return "too_big";
	case ERR_UNSUPPORTED:
		return "unsupported";
	case ERR_BUSY:
	case ERR_UNAVAILABLE:
	case ERR_TIMEOUT:
	case ERR_NO_MEMORY:
	case ERR_STOPPING:
		return "unavailable";
	case ERR_NO_SPACE:
		return "disk_full";
	case ERR_OK:
	case ERR_UNSURE:
	case ERR_IO:
	case ERR_CORRUPT:
	case ERR_BUG:
	case ERR_N_CODES:
		break;
	}
	return "internal";
}

/* Text that may have been cut within a character. */
static void
put_text(struct buf *b, const char *text)
{
	struct buf whole;

	buf_init(&whole, sizeof(((struct err *)NULL)->text) * 4);
	utf8_append_lossy(&whole, slice_str(text));
	json_put_string(b, buf_slice(&whole));
	buf_fini(&whole);
}

/* admin-2 */
static void
answer_error(struct admin_call *c, const struct err *e)
{
	bool refused = c->refused_status != 0;

	buf_reset(&c->out);
	c->status = refused ? c->refused_status : err_http_status(e->code);
	c->content_type = "application/json";
	buf_printf(&c->out, "{\"error\":{\"code\":\"%s\",\"message\":",
		refused ? c->refused_code : code_word(e->code));
	put_text(&c->out, e->text);
	if (c->field[0] != '\0') {
		buf_append_lit(&c->out, ",\"field\":");
		put_text(&c->out, c->field);
	}
	if (c->error_more != NULL)
		buf_append_str(&c->out, c->error_more);
	buf_append_lit(&c->out, "}}\n");
}

void
admin_dispatch(struct admin_call *c)
{
	const struct admin_route *r = NULL;
	struct err e;
	int rc = admin_route_find(c, &r, &e);

	if (rc == 0)
		rc = door_check(c, r, &e);
	if (rc == 0)
		rc = check_request(c, r, &e);
	if (rc == 0)
		rc = r->fn(c, &e);
	if (rc == 0 && c->out.failed)
		rc = err_set(&e, ERR_TOO_BIG, "the answer is too large");
	if (rc == 0)
		rc = door_guard(c, &e);
	if (rc == 0)
		rc = door_record(c, r, &e);
	if (rc < 0)
		answer_error(c, &e);
}
