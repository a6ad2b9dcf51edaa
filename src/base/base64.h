#ifndef SLUICE_BASE_BASE64_H
#define SLUICE_BASE_BASE64_H

#include "base/buf.h"

/* Strict standard alphabet, padding required. false: out is unchanged. */
bool base64_decode(struct slice in, struct buf *out);
/* Wholly in the URL-safe alphabet, padding optional. */
bool base64url_decode(struct slice in, struct buf *out);
void base64_encode(struct slice in, struct buf *out);

#endif
