#include "admin/admin_int.h"
#include "admin/letters.h"
#include "http/http.h"
#include "stats/stats.h"
#include "web/web.h"

#define METRICS_MAX_BYTES ((size_t)4 * 1024 * 1024)

/* What the admin port serves to all; of the API each route says who may
 * (admin-1). */
static void
serve_metrics(struct http_request *r)
{
	struct buf b;

	buf_init(&b, METRICS_MAX_BYTES);
	stats_write(&b);
	letters_put_metrics(http_app(r), &b);
	http_answer_take(r, 200, "text/plain; version=0.0.4", &b);
	buf_fini(&b);
}

static void
serve_ready(struct http_request *r)
{
	struct buf missing, b;
	bool ready;

	buf_init(&missing, 65536);
	buf_init(&b, 65536 * 2);
	ready = admin_ready(http_app(r), &missing);
	buf_printf(&b, "{\"ready\":%s,\"missing\":", ready ? "true" : "false");
	buf_append_slice(&b, buf_slice(&missing));
	buf_append_lit(&b, "}\n");
	http_answer_take(r, ready ? 200 : 503, "application/json", &b);
	buf_fini(&missing);
	buf_fini(&b);
}

void
admin_not_found(struct http_request *r)
{
	http_answer(r, 404, "application/json",
		SLICE_LIT("{\"error\":{\"code\":\"not_found\",\"message\":"
			  "\"no such path\"}}\n"));
}

static const struct http_route rows[] = {
	{HTTP_GET, "/*", NULL, web_serve},
	{HTTP_GET, "/_ready", NULL, serve_ready},
	{ADMIN_ALL_METHODS, "/api/v1/*", NULL, admin_enter},
	{HTTP_GET, "/metrics", NULL, serve_metrics},
	{0, NULL, NULL, NULL},
};

void
admin_open_set(struct http_routes *out, struct admin *a)
{
	*out = (struct http_routes){rows, a};
}
