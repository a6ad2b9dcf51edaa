#ifndef SLUICE_CLI_SECRET_H
#define SLUICE_CLI_SECRET_H

#include "cli/cli.h"

#define SECRET_MAX 1000 /* bytes, with the NUL */

/*
 * A password: the first line of stdin with --password-stdin, else asked for
 * twice on the terminal, without an echo. Never from the command line, which
 * others can see. INVALID, also where there is no terminal.
 */
MUST_CHECK int secret_read(
	const struct cli *c, char out[SECRET_MAX], struct err *e);

#endif
