#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/api.h"

#define COLUMNS_MAX 8
#define COLUMN_WIDTH_MAX 60
#define CURSOR_MAX 128
#define PAGE_MAX 1000

static void
print_line(struct slice s)
{
	fwrite(s.p, 1, s.len, stdout);
	putchar('\n');
}

static void
print_cell(const char *text, int width, bool is_last)
{
	struct slice s = utf8_cut_scalars(slice_str(text), COLUMN_WIDTH_MAX);
	int pad = width - (int)utf8_scalars(s);

	fwrite(s.p, 1, s.len, stdout);
	if (is_last)
		putchar('\n');
	else
		printf("%*s", (pad > 0 ? pad : 0) + 2, "");
}

static int
count_columns(const struct api_column *columns)
{
	int n = 0;

	while (n < COLUMNS_MAX && columns[n].name != NULL)
		n++;
	return n;
}

/* One page as a table; the widths are the page's own. */
static void
print_table(struct api_doc *d, uint32_t items, const struct api_column *columns,
	bool with_heading)
{
	int n = count_columns(columns);
	int width[COLUMNS_MAX];

	for (int k = 0; k < n; k++) {
		width[k] = (int)strlen(columns[k].heading);
		for (uint32_t i = json_first(&d->json, items);
			i < d->json.nodes[items].next;
			i = d->json.nodes[i].next) {
			const char *text = api_text(d, i, columns[k].name);
			int w = (int)utf8_scalars(utf8_cut_scalars(
				slice_str(text), COLUMN_WIDTH_MAX));

			if (w > width[k])
				width[k] = w;
		}
	}
	for (int k = 0; with_heading && k < n; k++)
		print_cell(columns[k].heading, width[k], k == n - 1);
	for (uint32_t i = json_first(&d->json, items);
		i < d->json.nodes[items].next; i = d->json.nodes[i].next)
		for (int k = 0; k < n; k++)
			print_cell(api_text(d, i, columns[k].name), width[k],
				k == n - 1);
}

static void
print_lines(struct api_doc *d, uint32_t items)
{
	for (uint32_t i = json_first(&d->json, items);
		i < d->json.nodes[items].next; i = d->json.nodes[i].next)
		print_line(json_raw(&d->json, i));
}

/* Prints one page; *next is the cursor of the one after it, "" if none. */
static int
print_page(struct cli *c, const char *path, const struct api_column *columns,
	bool is_first, int64_t *n, char next[CURSOR_MAX], struct err *e)
{
	struct api_doc d;
	uint32_t items;
	int rc = api_get(c, "GET", path, NULL, &d, e);

	if (rc < 0)
		return rc;
	items = json_member(&d.json, 0, SLICE_LIT("items"));
	if (items != 0 && c->json)
		print_lines(&d, items);
	else if (items != 0)
		print_table(&d, items, columns, is_first);
	*n = items == 0 ? 0 : d.json.nodes[items].n;
	snprintf(next, CURSOR_MAX, "%s", api_text(&d, 0, "next"));
	api_doc_fini(&d);
	return 0;
}

static const char *
page_url(struct buf *url, const char *path, int64_t left, const char *cursor)
{
	char sep = strchr(path, '?') == NULL ? '?' : '&';

	buf_reset(url);
	buf_append_str(url, path);
	if (left < INT64_MAX) {
		buf_printf(url, "%climit=%lld", sep,
			(long long)(left < PAGE_MAX ? left : PAGE_MAX));
		sep = '&';
	}
	if (cursor[0] != '\0') {
		buf_printf(url, "%ccursor=", sep);
		api_put_path(url, cursor);
	}
	return buf_cstr(url);
}

int
api_print_pages(struct cli *c, const char *path,
	const struct api_column *columns, struct api_pages *pages)
{
	char next[CURSOR_MAX] = "";
	int64_t left = pages->max, n = 0;
	bool is_first = true;
	struct buf url;
	struct err e;
	int rc;

	if (pages->cursor != NULL)
		snprintf(next, sizeof(next), "%s", pages->cursor);
	buf_init(&url, 65536);
	do {
		const char *target = page_url(&url, path, left, next);

		rc = target == NULL ? err_set(&e, ERR_TOO_BIG,
					      "the request is too long")
				    : print_page(c, target, columns, is_first,
					      &n, next, &e);
		is_first = false;
		if (rc == 0 && left < INT64_MAX)
			left -= n;
	} while (rc == 0 && next[0] != '\0' && left > 0 && !pages->one_page);
	buf_fini(&url);
	if (rc == 0 && next[0] != '\0')
		fprintf(stderr, "more: --cursor %s\n", next);
	return rc < 0 ? cli_fail(c, &e) : CLI_DONE;
}

int
api_print_list(
	struct cli *c, const char *path, const struct api_column *columns)
{
	return api_print_pages(
		c, path, columns, &(struct api_pages){.max = INT64_MAX});
}

int
api_print_object(struct cli *c, const char *method, const char *path,
	const struct buf *body)
{
	struct api_doc d;
	struct err e;

	if (api_get(c, method, path, body, &d, &e) < 0)
		return cli_fail(c, &e);
	if (c->json || d.json.nodes[0].type != JSON_OBJECT) {
		print_line(json_raw(&d.json, 0));
	} else {
		for (uint32_t i = json_first(&d.json, 0);
			i < d.json.nodes[0].next;
			i = d.json.nodes[i + 1].next) {
			struct slice k = json_string(&d.json, i, &d.arena);
			struct slice v =
				d.json.nodes[i + 1].type == JSON_STRING
					? json_string(&d.json, i + 1, &d.arena)
					: json_raw(&d.json, i + 1);

			printf("%-28.*s %.*s\n", SLICE_FMT(k), SLICE_FMT(v));
		}
	}
	api_doc_fini(&d);
	return CLI_DONE;
}
