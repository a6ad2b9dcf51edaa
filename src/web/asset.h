#ifndef SLUICE_WEB_ASSET_H
#define SLUICE_WEB_ASSET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* How the bytes of an asset are packed, the best first. */
enum web_packing {
	WEB_BROTLI,
	WEB_GZIP,
	WEB_PLAIN,
	WEB_N_PACKINGS,
};

/* A file of web/dist; rows are made by packaging/web-to-c. */
struct web_asset {
	const char *path; /* "/assets/app-ABCD1234.js"; NULL ends the table */
	const char *type;
	const char *etag; /* of the plain bytes, without quotes */
	bool is_hashed; /* its name changes with its bytes */
	struct {
		const char *begin, *end;
	} bytes[WEB_N_PACKINGS];
};
extern const struct web_asset web_assets[];

/* The best packing that a value of Accept-Encoding allows. */
enum web_packing web_packing_for(struct slice accept_encoding);

#endif
