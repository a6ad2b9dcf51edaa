#include <stdio.h>

#include "admin/admin.h"
#include "cli/cli.h"
#include "cli/cmd.h"

#define DOCUMENT_MAX_BYTES ((size_t)4 * 1024 * 1024)

int
cmd_openapi(struct cli *c)
{
	struct buf b;
	struct err e;
	int rc;

	buf_init(&b, DOCUMENT_MAX_BYTES);
	rc = admin_openapi_text(&b, &e);
	if (rc == 0 && b.failed)
		rc = err_set(&e, ERR_NO_MEMORY, "no memory");
	if (rc == 0)
		fwrite(b.p, 1, b.len, stdout);
	buf_fini(&b);
	return rc < 0 ? cli_fail(c, &e) : CLI_DONE;
}
