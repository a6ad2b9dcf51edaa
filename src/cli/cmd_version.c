#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json_write.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "web/web.h"

/* Libraries tell their version by a function that returns text; it is looked up
 * by name, as their headers belong to other folders. */
static const struct {
	const char *name, *symbol;
} libraries[] = {
	{"curl", "curl_version"},
	{"jansson", "jansson_version_str"},
	{"libmicrohttpd", "MHD_get_version"},
	{"lz4", "LZ4_versionString"},
	{"sodium", "sodium_version_string"},
	{"sqlite", "sqlite3_libversion"},
	{"zlib", "zlibVersion"},
	{"zstd", "ZSTD_versionString"},
};

static const char *const features[] = {
	"capture",
	"ingest",
	"broker",
	"clickhouse",
	"admin",
#ifdef SLUICE_FAULT_POINTS
	"fault-points",
#endif
};

/* NULL: the library is not linked, or too old to tell. */
static const char *
version_of(const char *symbol)
{
	const char *(*fn)(void);
	void *p = dlsym(RTLD_DEFAULT, symbol);

	if (p == NULL)
		return NULL;
	memcpy(&fn, &p, sizeof(fn));
	return fn();
}

static void
write_json(struct buf *b)
{
	bool first = true;

	buf_append_lit(
		b, "{\"version\":\"" PACKAGE_VERSION "\",\"features\":[");
	for (size_t i = 0; i < ARRAY_LEN(features); i++)
		buf_printf(b, "%s\"%s\"", i == 0 ? "" : ",", features[i]);
	if (web_is_built())
		buf_append_lit(b, ",\"web\"");
	buf_append_lit(b, "],\"libraries\":{");
	for (size_t i = 0; i < ARRAY_LEN(libraries); i++) {
		const char *v = version_of(libraries[i].symbol);

		if (v == NULL)
			continue;
		buf_printf(b, "%s\"%s\":", first ? "" : ",", libraries[i].name);
		json_put_string(b, slice_str(v));
		first = false;
	}
	buf_append_lit(b, "}}\n");
}

int
cmd_version(struct cli *c)
{
	struct buf b;

	if (c->json) {
		buf_init(&b, 65536);
		write_json(&b);
		fwrite(b.p, 1, b.len, stdout);
		buf_fini(&b);
		return CLI_DONE;
	}
	printf("sluice %s\nfeatures", PACKAGE_VERSION);
	for (size_t i = 0; i < ARRAY_LEN(features); i++)
		printf(" %s", features[i]);
	printf("%s\n", web_is_built() ? " web" : "");
	for (size_t i = 0; i < ARRAY_LEN(libraries); i++) {
		const char *v = version_of(libraries[i].symbol);

		if (v != NULL)
			printf("%-14s %s\n", libraries[i].name, v);
	}
	return CLI_DONE;
}
