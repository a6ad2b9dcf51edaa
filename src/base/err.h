#ifndef SLUICE_BASE_ERR_H
#define SLUICE_BASE_ERR_H

#include "base/attr.h"

enum err_code {
#define ERR(name, retry, http) ERR_##name,
#include "base/err.def"
#undef ERR
	ERR_N_CODES
};

enum err_retry {
	ERR_RETRY_NO,
	ERR_RETRY_LATER,
	ERR_RETRY_ASK,
	ERR_RETRY_NEVER
};

/*
 * Why something failed. Lives on the stack of whoever decides. The text is for
 * the operator and is never parsed. Functions that can fail return 0 or a
 * negative code and fill the err they were given (never NULL).
 */
struct err {
	enum err_code code;
	int sys_errno; /* 0 if none */
	char text[240];
};

/* Returns -code, so that callers write: return err_set(e, ERR_INVALID, ...). */
MUST_CHECK int err_set(struct err *e, enum err_code code, const char *fmt, ...)
	PRINTF(3, 4);
/* As err_set, with the text of errno added; ENOSPC and EDQUOT become
 * NO_SPACE. */
MUST_CHECK int err_sys(struct err *e, enum err_code code, const char *fmt, ...)
	PRINTF(3, 4);
/* Puts text and ": " before the text there is. Returns -e->code. */
int err_prefix(struct err *e, const char *fmt, ...) PRINTF(2, 3);
const char *err_name(enum err_code code);
enum err_retry err_retry_class(enum err_code code);
int err_http_status(enum err_code code);

#define ERR_IGNORE(call, reason)                                               \
	do {                                                                   \
		if ((call) != 0) {                                             \
		}                                                              \
	} while (0)

/* Ends the process where going on could lose or double events. @thread any */
#define INVARIANT(cond, name)                                                  \
	do {                                                                   \
		if (UNLIKELY(!(cond)))                                         \
			err_invariant_failed(#cond, name, __FILE__, __LINE__); \
	} while (0)
NORETURN void err_invariant_failed(
	const char *cond, const char *name, const char *file, int line);

#endif
