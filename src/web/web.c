#include <stdio.h>
#include <string.h>

#include "http/http.h"
#include "web/asset.h"
#include "web/web.h"

#define ETAG_MAX_BYTES 48

static const char *const encodings[WEB_N_PACKINGS] = {"br", "gzip", NULL};
static const char *const marks[WEB_N_PACKINGS] = {"-br", "-gz", ""};

bool
web_is_built(void)
{
	return web_assets[0].path != NULL;
}

static const struct web_asset *
find(struct slice path)
{
	for (const struct web_asset *f = web_assets; f->path != NULL; f++)
		if (slice_eq_str(path, f->path))
			return f;
	return NULL;
}

/* web-1: what a page of the admin may load and who may show it. */
static void
set_page_headers(struct http_request *r)
{
	http_set_header(r, "Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; "
		"connect-src 'self'; img-src 'self' data:; font-src 'self'; "
		"frame-ancestors 'none'; base-uri 'none'; form-action 'self'");
	http_set_header(r, "X-Frame-Options", "DENY");
	http_set_header(r, "Cross-Origin-Opener-Policy", "same-origin");
	http_set_header(r, "Permissions-Policy",
		"camera=(), geolocation=(), microphone=(), payment=(), "
		"usb=()");
}

/* Whether one of the tags of If-None-Match is ours. */
static bool
is_known(struct slice tags, const char *etag)
{
	return tags.len > 0 &&
	       memmem(tags.p, tags.len, etag, strlen(etag)) != NULL;
}

/* web-3 */
static void
answer_file(struct http_request *r, const struct web_asset *f)
{
	enum web_packing packing =
		web_packing_for(http_header(r, "Accept-Encoding"));
	char etag[ETAG_MAX_BYTES];

	snprintf(etag, sizeof(etag), "\"%s%s\"", f->etag, marks[packing]);
	http_set_header(r, "ETag", etag);
	http_set_header(r, "Vary", "Accept-Encoding");
	http_set_header(r, "Cache-Control",
		f->is_hashed ? "public, max-age=31536000, immutable"
			     : "no-cache");
	http_set_header(r, "X-Content-Type-Options", "nosniff");
	http_set_header(r, "Referrer-Policy", "no-referrer");
	http_set_header(r, "Cross-Origin-Resource-Policy", "same-origin");
	if (is_known(http_header(r, "If-None-Match"), etag)) {
		http_answer(r, 304, NULL, SLICE_LIT(""));
		return;
	}
	if (encodings[packing] != NULL)
		http_set_header(r, "Content-Encoding", encodings[packing]);
	http_answer(r, 200, f->type,
		slice_of(f->bytes[packing].begin,
			(size_t)(f->bytes[packing].end -
				 f->bytes[packing].begin)));
}

static void
answer_missing(struct http_request *r)
{
	http_answer(r, 404, "application/json",
		SLICE_LIT("{\"error\":{\"code\":\"not_found\",\"message\":"
			  "\"no such path\"}}\n"));
}

static void
answer_not_built(struct http_request *r)
{
	http_answer(r, 200, "text/plain; charset=utf-8",
		SLICE_LIT("Sluice. This program was built without the web "
			  "admin: build it where node and npm are found "
			  "(web/README.md).\n/metrics has Prometheus "
			  "metrics, /_ready says whether every role works, "
			  "and all else is done by the sluice command.\n"));
}

/* web-2: browsers ask for pages so; programs that guess a path get a 404. */
static bool
wants_page(const struct http_request *r, struct slice path)
{
	struct slice accept = http_header(r, "Accept");

	if (slice_eq_str(path, "/"))
		return true;
	if (slice_starts(path, SLICE_LIT("/assets/")) ||
		slice_starts(path, SLICE_LIT("/api/")))
		return false;
	return accept.len > 0 &&
	       memmem(accept.p, accept.len, "text/html", 9) != NULL;
}

void
web_serve(struct http_request *r)
{
	struct slice path = http_path(r);
	const struct web_asset *f = find(path);

	if (f == NULL && wants_page(r, path)) {
		f = find(SLICE_LIT("/index.html"));
		if (f == NULL) {
			answer_not_built(r);
			return;
		}
	}
	if (f == NULL) {
		answer_missing(r);
		return;
	}
	if (slice_eq_str(slice_str(f->path), "/index.html"))
		set_page_headers(r);
	answer_file(r, f);
}
