#ifndef SLUICE_BASE_UTF8_ASCII_H
#define SLUICE_BASE_UTF8_ASCII_H

#include <stdbool.h>
#include <stddef.h>

/* After so many the call pays. */
#define UTF8_SHORT_BYTES 64

/*
 * Bytes of whole blocks at the start of p that are all ASCII: a multiple of 16,
 * not necessarily the longest. By what this processor has; tests call the
 * variants. Inside base/utf8.c only.
 */
size_t utf8_ascii_blocks(const char *p, size_t n);
size_t utf8_ascii_blocks_portable(const char *p, size_t n);
/* false: this processor does not have it. */
bool utf8_ascii_blocks_avx2(const char *p, size_t n, size_t *out);

#endif
