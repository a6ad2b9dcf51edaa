#ifndef SLUICE_BASE_UUID_H
#define SLUICE_BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define UUID_TEXT 36

struct uuid {
	uint8_t b[16];
};
void uuid_v4(struct uuid *u);
void uuid_v7(struct uuid *u, int64_t at_us); /* random tail */
/* SHA-1 name based: UUIDv5(ns, name). */
void uuid_v5(struct uuid *u, const struct uuid *ns, struct slice name);
/* 36 lower-case characters, not NUL-terminated. */
void uuid_format(const struct uuid *u, char out[UUID_TEXT]);
/* Hyphenated form only, any case, any version. */
bool uuid_parse(struct slice text, struct uuid *u);
/* Also 32 hex digits, {braced} and urn:uuid: forms. */
bool uuid_parse_any(struct slice text, struct uuid *u);

#endif
