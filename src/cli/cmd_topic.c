#include <stdio.h>
#include <string.h>

#include "base/json_write.h"
#include "base/utf8.h"
#include "cli/api.h"
#include "cli/cmd.h"

#define PATH_MAX_BYTES 4096

static int
print_partitions(struct cli *c)
{
	struct api_doc d;
	struct err e;
	uint32_t items;

	if (api_get(c, "GET", "/api/v1/topics", NULL, &d, &e) < 0)
		return cli_fail(c, &e);
	printf("%-42s %9s %12s %12s %14s\n", "TOPIC", "PARTITION", "FIRST",
		"NEXT", "BYTES");
	items = json_member(&d.json, 0, SLICE_LIT("items"));
	for (uint32_t i = json_first(&d.json, items);
		i < d.json.nodes[items].next; i = d.json.nodes[i].next) {
		uint32_t parts =
			json_member(&d.json, i, SLICE_LIT("partitions"));

		for (uint32_t p = json_first(&d.json, parts);
			parts != 0 && p < d.json.nodes[parts].next;
			p = d.json.nodes[p].next)
			printf("%-42s %9s %12s %12s %14s\n",
				api_text(&d, i, "name"),
				api_text(&d, p, "index"),
				api_text(&d, p, "log_start"),
				api_text(&d, p, "high_watermark"),
				api_text(&d, p, "bytes"));
	}
	api_doc_fini(&d);
	return CLI_DONE;
}

int
cmd_topic_list(struct cli *c)
{
	static const struct api_column none[] = {{NULL, NULL}};

	return c->json ? api_print_list(c, "/api/v1/topics", none)
		       : print_partitions(c);
}

static void
print_record(const char *line, size_t len, struct arena *a)
{
	const struct json_limits lim = {16, 100000};
	struct json_doc d;
	struct err e;
	uint32_t value;
	struct slice text;

	if (json_parse(a, slice_of(line, len), &lim, &d, &e) < 0)
		return;
	value = json_member(&d, 0, SLICE_LIT("value"));
	if (value == 0)
		value = json_member(&d, 0, SLICE_LIT("value_base64"));
	text = value == 0 ? SLICE_NONE : json_raw(&d, value);
	if (value != 0 && d.nodes[value].type == JSON_STRING)
		text = json_string(&d, value, a);
	printf("%.*s:%.*s %.*s\n",
		SLICE_FMT(json_raw(
			&d, json_member(&d, 0, SLICE_LIT("partition")))),
		SLICE_FMT(
			json_raw(&d, json_member(&d, 0, SLICE_LIT("offset")))),
		SLICE_FMT(text));
}

/* Lines cut out of the pieces of an answer. */
struct lines {
	struct buf rest;
	struct arena arena;
};

static bool
take_lines(void *cookie, int status, struct slice piece)
{
	struct lines *l = cookie;
	size_t at = 0;
	const char *nl;

	(void)status;
	buf_append_slice(&l->rest, piece);
	while (at < l->rest.len &&
		(nl = memchr(l->rest.p + at, '\n', l->rest.len - at)) != NULL) {
		size_t n = (size_t)(nl - l->rest.p) - at;

		print_record(l->rest.p + at, n, &l->arena);
		arena_reset(&l->arena);
		at += n + 1;
	}
	if (at > 0)
		memmove(l->rest.p, l->rest.p + at, l->rest.len - at);
	l->rest.len -= at;
	fflush(stdout);
	return !l->rest.failed && !ferror(stdout);
}

static bool
copy_piece(void *cookie, int status, struct slice piece)
{
	(void)cookie;
	(void)status;
	fwrite(piece.p, 1, piece.len, stdout);
	return fflush(stdout) == 0;
}

static int
read_path(struct cli *c, struct buf *path, struct err *e)
{
	int64_t partition = -1, max = -1, offset;
	const char *from = cli_opt(c, "from");
	int rc = cli_opt_i64(c, "partition", 0, 1023, &partition, e);

	if (rc == 0)
		rc = cli_opt_i64(c, "max", 0, INT64_MAX, &max, e);
	if (rc < 0)
		return rc;
	if (from != NULL && strcmp(from, "start") != 0 &&
		strcmp(from, "end") != 0 &&
		!cli_number(from, 0, INT64_MAX, &offset))
		return err_set(e, ERR_INVALID,
			"--from %s: an offset, start or end is wanted", from);
	buf_append_lit(path, "/api/v1/topics/");
	api_put_path(path, c->args[0]);
	buf_printf(path, "/records?from=%s", from == NULL ? "start" : from);
	if (partition >= 0)
		buf_printf(path, "&partition=%lld", (long long)partition);
	if (max >= 0)
		buf_printf(path, "&max=%lld", (long long)max);
	if (cli_has(c, "follow"))
		buf_append_lit(path, "&follow=1");
	return buf_cstr(path) == NULL
		       ? err_set(e, ERR_INVALID, "the topic's name is too long")
		       : 0;
}

int
cmd_topic_read(struct cli *c)
{
	struct lines l;
	struct buf path;
	struct err e;
	int rc;

	buf_init(&path, PATH_MAX_BYTES);
	if (read_path(c, &path, &e) < 0) {
		buf_fini(&path);
		return cli_usage_error(c, "%s", e.text);
	}
	buf_init(&l.rest, API_ANSWER_MAX_BYTES);
	arena_init(&l.arena, API_ANSWER_MAX_BYTES);
	rc = c->json ? api_stream(c, path.p, copy_piece, NULL, &e)
		     : api_stream(c, path.p, take_lines, &l, &e);
	buf_fini(&l.rest);
	arena_fini(&l.arena);
	buf_fini(&path);
	return rc < 0 ? cli_fail(c, &e) : CLI_DONE;
}

int
cmd_topic_create(struct cli *c)
{
	int64_t n = 0;
	struct buf b;
	struct err e;
	int status;

	if (cli_opt_i64(c, "partitions", 1, 1024, &n, &e) < 0)
		return cli_usage_error(c, "%s", e.text);
	if (!utf8_valid(slice_str(c->args[0])))
		return cli_usage_error(c, "the name is not valid UTF-8");
	buf_init(&b, PATH_MAX_BYTES);
	buf_append_lit(&b, "{\"name\":");
	json_put_string(&b, slice_str(c->args[0]));
	if (n > 0)
		buf_printf(&b, ",\"partitions\":%lld", (long long)n);
	buf_append_char(&b, '}');
	status = api_print_object(c, "POST", "/api/v1/topics", &b);
	buf_fini(&b);
	return status;
}

int
cmd_topic_delete(struct cli *c)
{
	struct buf path;
	int status;

	buf_init(&path, PATH_MAX_BYTES);
	buf_append_lit(&path, "/api/v1/topics/");
	api_put_path(&path, c->args[0]);
	status = buf_cstr(&path) == NULL
			 ? cli_usage_error(c, "the name is too long")
			 : api_print_object(c, "DELETE", path.p, NULL);
	buf_fini(&path);
	return status;
}
