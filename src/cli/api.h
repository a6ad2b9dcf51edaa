#ifndef SLUICE_CLI_API_H
#define SLUICE_CLI_API_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json_read.h"
#include "cli/cli.h"
#include "cli/client.h"

#define API_ANSWER_MAX_BYTES ((size_t)512 * 1024 * 1024)

/*
 * Asks the API: the daemon's, or, for commands that work without one, the files
 * themselves. An error answer becomes e. body NULL: none.
 */
MUST_CHECK int api_call(struct cli *c, const char *method, const char *path,
	const struct buf *body, struct buf *out, struct err *e);
/* A long answer in pieces to fn. */
MUST_CHECK int api_stream(struct cli *c, const char *path, client_sink *fn,
	void *cookie, struct err *e);
/* An answer laid out; both live until api_doc_fini. */
struct api_doc {
	struct buf text;
	struct arena arena;
	struct json_doc json;
};
MUST_CHECK int api_get(struct cli *c, const char *method, const char *path,
	const struct buf *body, struct api_doc *d, struct err *e);
void api_doc_fini(struct api_doc *d);
/* Appends printf text where %s is to be escaped for a path: use for one
 * value. */
void api_put_path(struct buf *b, const char *text);
/* Members as C text in the arena: strings decoded, others raw; "" if absent. */
const char *api_text(struct api_doc *d, uint32_t object, const char *name);

/* Prints. A column is a member's name and its heading. */
struct api_column {
	const char *name, *heading;
};
/* All pages of a list: lines of JSON with --json, else a table. */
int api_print_list(
	struct cli *c, const char *path, const struct api_column *columns);
/* Some pages of it. What is left is said on stderr as --cursor. */
struct api_pages {
	int64_t max; /* items */
	const char *cursor; /* of the first page; NULL: the beginning */
	bool one_page;
};
int api_print_pages(struct cli *c, const char *path,
	const struct api_column *columns, struct api_pages *pages);
/* One object: as JSON text with --json, else a line per member. */
int api_print_object(struct cli *c, const char *method, const char *path,
	const struct buf *body);

#endif
