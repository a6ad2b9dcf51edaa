#ifndef SLUICE_BASE_LOG_H
#define SLUICE_BASE_LOG_H

#include "base/attr.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

/*
 * One line to stderr: ts=… level=… event=<id> then key=value fields given as a
 * printf text that is already key=value ("topic=%s offset=%lld"). Values with
 * blanks are to be quoted by the caller through log_q. Tokens, passwords,
 * property values, addresses and bodies are never logged. Lines of one id are
 * limited to 20 a second; how many were left out is printed with the next one.
 * The whole line is one write(2). @thread any
 */
void log_event(enum log_level level, const char *id, const char *fmt, ...)
	PRINTF(3, 4);
#define log_debug(id, ...) log_event(LOG_DEBUG, id, __VA_ARGS__)
#define log_info(id, ...) log_event(LOG_INFO, id, __VA_ARGS__)
#define log_warn(id, ...) log_event(LOG_WARN, id, __VA_ARGS__)
#define log_error(id, ...) log_event(LOG_ERROR, id, __VA_ARGS__)
/* "…" with its quotes; quotes, control characters and non-UTF-8 inside are
 * escaped, so that it is a JSON string too: log_info(id, "text=%s", log_q(t)).
 * It is cut where it would not fit. The result
 * is in a per-thread ring of 8 buffers of 512 bytes. */
const char *log_q(const char *text);
void log_configure(enum log_level level, enum log_format format);
/* 0 (and *out is untouched) if the name is none of debug, info, warn, error. */
int log_level_from_name(const char *name, enum log_level *out);

#endif
