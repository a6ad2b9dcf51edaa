#include "cli/api.h"

#include <string.h>

#include "httpc/httpc.h"
#include "run/daemon.h"
#include "run/local.h"

static int
no_daemon(struct cli *c, struct err *e)
{
	return err_set(e, ERR_UNAVAILABLE,
		"no daemon runs on %s: start it with sluice run --data %s, or "
		"name its folder with --data",
		c->data, c->data);
}

static enum err_code
code_of(int status)
{
	switch (status) {
	case 400:
		return ERR_INVALID;
	case 401:
	case 403:
		return ERR_DENIED;
	case 404:
		return ERR_NOT_FOUND;
	case 409:
		return ERR_EXISTS;
	case 503:
		return ERR_UNAVAILABLE;
	}
	return ERR_BUG;
}

/* The message of {"error":{"message"}}. */
static int
take_error(int status, struct slice body, struct err *e)
{
	const struct json_limits lim = {16, 1000};
	enum err_code code = code_of(status);
	struct arena arena;
	struct json_doc d;
	struct slice text = SLICE_NONE;
	uint32_t node = 0;
	int rc;

	arena_init(&arena, 1024 * 1024);
	if (json_parse(&arena, body, &lim, &d, e) == 0)
		node = json_member(&d, 0, SLICE_LIT("error"));
	if (node != 0)
		node = json_member(&d, node, SLICE_LIT("message"));
	if (node != 0)
		text = json_string(&d, node, &arena);
	if (text.p != NULL)
		rc = err_set(e, code, "%.*s", SLICE_FMT(text));
	else
		rc = err_set(
			e, code, "the daemon answered with status %d", status);
	arena_fini(&arena);
	return rc;
}

int
api_call(struct cli *c, const char *method, const char *path,
	const struct buf *body, struct buf *out, struct err *e)
{
	struct slice text = body == NULL ? SLICE_NONE : buf_slice(body);
	int status = 0;
	int rc = client_call(c->data, method, path, text, out, &status, e);

	if (rc == -ERR_NOT_FOUND) {
		if (!c->command->offline)
			return no_daemon(c, e);
		/* cli-3: local_call takes the lock. */
		buf_reset(out);
		rc = local_call(&(struct daemon_options){.data_dir = c->data,
					.config_file = c->config,
					.set = c->set},
			method, path, text, out, &status, e);
	}
	if (rc < 0)
		return rc;
	return status >= 400 ? take_error(status, buf_slice(out), e) : 0;
}

struct stream {
	client_sink *fn;
	void *cookie;
	struct buf refused;
};

static bool
pass_piece(void *cookie, int status, struct slice piece)
{
	struct stream *s = cookie;

	if (status < 400)
		return s->fn(s->cookie, status, piece);
	buf_append_slice(&s->refused, piece);
	return true;
}

int
api_stream(struct cli *c, const char *path, client_sink *fn, void *cookie,
	struct err *e)
{
	struct stream s = {fn, cookie, {0}};
	int status = 0;
	int rc;

	buf_init(&s.refused, 65536);
	rc = client_request(
		c->data, "GET", path, SLICE_NONE, pass_piece, &s, &status, e);
	if (rc == -ERR_NOT_FOUND)
		rc = no_daemon(c, e);
	else if (rc == 0 && status >= 400)
		rc = take_error(status, buf_slice(&s.refused), e);
	buf_fini(&s.refused);
	return rc;
}

int
api_get(struct cli *c, const char *method, const char *path,
	const struct buf *body, struct api_doc *d, struct err *e)
{
	const struct json_limits lim = {JSON_DEPTH_MAX, 50000000};
	int rc;

	buf_init(&d->text, API_ANSWER_MAX_BYTES);
	arena_init(&d->arena, 2 * API_ANSWER_MAX_BYTES);
	rc = api_call(c, method, path, body, &d->text, e);
	if (rc == 0)
		rc = json_parse(
			&d->arena, buf_slice(&d->text), &lim, &d->json, e);
	if (rc < 0)
		api_doc_fini(d);
	return rc;
}

void
api_doc_fini(struct api_doc *d)
{
	buf_fini(&d->text);
	arena_fini(&d->arena);
}

void
api_put_path(struct buf *b, const char *text)
{
	httpc_put_escaped(b, slice_str(text));
}

const char *
api_text(struct api_doc *d, uint32_t object, const char *name)
{
	uint32_t node = json_member(&d->json, object, slice_str(name));
	struct slice s;
	const char *text;

	if (node == 0 || d->json.nodes[node].type == JSON_NULL)
		return "";
	s = d->json.nodes[node].type == JSON_STRING
		    ? json_string(&d->json, node, &d->arena)
		    : json_raw(&d->json, node);
	text = s.p == NULL ? NULL : arena_strndup(&d->arena, s);
	return text == NULL ? "" : text;
}
