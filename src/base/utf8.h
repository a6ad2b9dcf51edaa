#ifndef SLUICE_BASE_UTF8_H
#define SLUICE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* Strict (no surrogates, no overlong forms, up to U+10FFFF). */
bool utf8_valid(struct slice s);
/* Bytes of the valid non-ASCII characters that stand at p, up to the first
 * ASCII byte, invalid byte or the end. */
size_t utf8_run(const char *p, size_t len);
/* Decodes one character of valid text; returns its bytes. */
size_t utf8_decode(const char *p, size_t len, uint32_t *cp);
/* Writes at most 4 bytes, returns how many. */
size_t utf8_encode(uint32_t cp, char out[4]);
/* Lengths of valid text: scalar values, UTF-16 units. */
size_t utf8_scalars(struct slice s);
size_t utf8_units16(struct slice s);
/* Longest prefix of at most n scalar values / UTF-16 units (never cutting a
 * character). */
struct slice utf8_cut_scalars(struct slice s, size_t n);
struct slice utf8_cut_units16(struct slice s, size_t n);
/* Appends s with each invalid byte sequence replaced by U+FFFD. */
void utf8_append_lossy(struct buf *out, struct slice s);

#endif
