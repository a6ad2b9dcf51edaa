#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct err_property {
	const char *name;
	enum err_retry retry;
	int http;
};

static const struct err_property properties[] = {
#define ERR(name, retry, http) [ERR_##name] = {#name, ERR_RETRY_##retry, http},
#include "base/err.def"
#undef ERR
};

int
err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	e->code = code;
	e->sys_errno = 0;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return -(int)code;
}

int
err_sys(struct err *e, enum err_code code, const char *fmt, ...)
{
	int saved = errno;
	char reason[96];
	size_t n;
	va_list ap;

	e->code = saved == ENOSPC || saved == EDQUOT ? ERR_NO_SPACE : code;
	e->sys_errno = saved;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof(e->text) - n, ": %s",
		strerror_r(saved, reason, sizeof(reason)));
	return -(int)e->code;
}

int
err_prefix(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->text)];
	size_t n;
	va_list ap;

	memcpy(old, e->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof(e->text) - n, ": %s", old);
	return -(int)e->code;
}

const char *
err_name(enum err_code code)
{
	if ((unsigned)code >= ERR_N_CODES)
		return "?";
	return properties[code].name;
}

enum err_retry
err_retry_class(enum err_code code)
{
	if ((unsigned)code >= ERR_N_CODES)
		return ERR_RETRY_NO;
	return properties[code].retry;
}

int
err_http_status(enum err_code code)
{
	if ((unsigned)code >= ERR_N_CODES)
		return 500;
	return properties[code].http;
}

void
err_invariant_failed(
	const char *cond, const char *name, const char *file, int line)
{
	char text[512];
	int n;

	n = snprintf(text, sizeof(text),
		"level=error event=invariant_failed invariant=%s at=%s:%d "
		"text=\"%s\"\n",
		name, file, line, cond);
	if (n > 0 && write(2, text, strnlen(text, sizeof(text))) < 0)
		abort();
	abort();
}
