#include "remote/remote.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "flag/flag.h"
#include "team/team.h"

#define SCRIPT_BYTES ((size_t)16 * 1024 * 1024)
#define TOKEN_BYTES 200
#define PREFIX "/array/"

struct remote {
	struct team_cache *teams;
	struct buf array_js; /* empty: not there */
};

int
remote_new(struct team_cache *teams, const char *library_dir,
	struct remote **out, struct err *e)
{
	struct remote *m = mem_new(struct remote);
	char path[4096];
	int err;

	if (m == NULL)
		return err_set(e, ERR_NO_MEMORY, "remote config");
	m->teams = teams;
	buf_init(&m->array_js, SCRIPT_BYTES);
	err = file_join(path, sizeof(path), library_dir, "static/array.js", e);
	if (err == 0)
		err = file_read(path, &m->array_js, e);
	if (err != 0 && err != -ERR_NOT_FOUND) {
		remote_free(m);
		return err;
	}
	*out = m;
	return 0;
}

void
remote_free(struct remote *m)
{
	if (m == NULL)
		return;
	buf_fini(&m->array_js);
	mem_free(m);
}

static bool
token_is_legal(struct slice t)
{
	if (t.len == 0 || t.len > TOKEN_BYTES)
		return false;
	for (size_t i = 0; i < t.len; i++) {
		char c = t.p[i];

		if ((c < 'A' || c > 'Z') && (c < 'a' || c > 'z') &&
			(c < '0' || c > '9') && c != '_' && c != '-')
			return false;
	}
	return true;
}

/* remote-1: without a lifetime browsers keep old settings for hours. */
static void
answer_cached(struct http_request *r, const char *type, struct buf *b)
{
	struct slice known = http_header(r, "If-None-Match");
	char etag[24];

	(void)snprintf(etag, sizeof(etag), "\"%016llx\"",
		(unsigned long long)hash_xx64(b->p, b->len));
	http_set_header(r, "ETag", etag);
	http_set_header(r, "Cache-Control", "public, max-age=300");
	http_set_header(r, "Vary", "Origin, Referer");
	if (known.len > 0 &&
		(slice_eq_str(known, "*") ||
			memmem(known.p, known.len, etag, strlen(etag)) != NULL))
		http_answer(r, 304, NULL, SLICE_NONE);
	else
		http_answer_take(r, 200, type, b);
	buf_fini(b);
}

static void
put_script(struct http_request *r, const struct team *t, struct buf *b)
{
	buf_append_lit(b, "(function() {\n"
			  "  window._POSTHOG_REMOTE_CONFIG = "
			  "window._POSTHOG_REMOTE_CONFIG || {};\n"
			  "  window._POSTHOG_REMOTE_CONFIG['");
	buf_append_str(b, t->token); /* of [A-Za-z0-9_-]: it was in the path */
	buf_append_lit(b, "'] = {\n    config: {");
	flag_config_write(r, t, 0, b);
	buf_append_lit(b, "},\n    siteApps: []\n  };\n})();\n");
}

static void
answer_for(struct http_request *r, struct slice file, const struct team *t)
{
	const struct remote *m = http_app(r);
	struct buf b;

	buf_init(&b, SCRIPT_BYTES + SCRIPT_BYTES / 4);
	if (slice_eq_str(file, "config")) {
		buf_append_char(&b, '{');
		flag_config_write(r, t, FLAG_CONFIG_SITE_APPS, &b);
		buf_append_char(&b, '}');
		answer_cached(r, "application/json", &b);
	} else if (slice_eq_str(file, "config.js")) {
		put_script(r, t, &b);
		answer_cached(r, "application/javascript", &b);
	} else if (slice_eq_str(file, "array.js") && m->array_js.len > 0) {
		/* remote-2 */
		buf_append_slice(&b, buf_slice(&m->array_js));
		buf_append_char(&b, '\n');
		put_script(r, t, &b);
		answer_cached(r, "application/javascript", &b);
	} else {
		http_answer(r, 404, NULL, SLICE_NONE);
		buf_fini(&b);
	}
}

static void
on_array(struct http_request *r)
{
	struct remote *m = http_app(r);
	struct slice rest = http_path(r), token;
	const struct team_snapshot *s;
	const struct team *t;
	const char *slash;

	rest = slice_of(rest.p + strlen(PREFIX), rest.len - strlen(PREFIX));
	slash = rest.len == 0 ? NULL : memchr(rest.p, '/', rest.len);
	if (slash == NULL) {
		http_answer(r, 404, NULL, SLICE_NONE);
		return;
	}
	token = slice_of(rest.p, (size_t)(slash - rest.p));
	rest = slice_of(slash + 1, rest.len - token.len - 1);
	if (rest.len > 1 && rest.p[rest.len - 1] == '/')
		rest.len--;
	if (!token_is_legal(token)) {
		http_answer(r, 400, "text/plain; charset=utf-8",
			SLICE_LIT("Invalid token"));
		return;
	}
	s = team_snapshot_get(m->teams);
	t = team_by_token(s, token);
	if (t == NULL)
		http_answer(r, 404, NULL, SLICE_NONE);
	else
		answer_for(r, rest, t);
	team_snapshot_unref(s);
}

const struct http_route remote_routes[] = {
	{HTTP_GET, PREFIX "*", NULL, on_array},
	{0, NULL, NULL, NULL},
};
