#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "fuzz.h"

/*
 * Runs a fuzz target over files: those named as arguments (files or folders),
 * or the target's own corpus. So a compiler without libFuzzer still tests every
 * input that once mattered.
 */

#define INPUT_MAX_BYTES ((size_t)16 * 1024 * 1024)
#define PATH_BYTES 4096

static int n_run;

static int
run_file(const char *path)
{
	struct buf b;
	struct err e;
	size_t len;
	char *exact;
	int r;

	buf_init(&b, INPUT_MAX_BYTES);
	r = file_read(path, &b, &e);
	if (r != 0) {
		fprintf(stderr, "%s\n", e.text);
		buf_fini(&b);
		return 1;
	}
	/* Memory exactly as long as the input, so that reading on is seen. */
	len = b.len;
	exact = mem_dup(b.p, len);
	if (exact == NULL)
		abort();
	buf_fini(&b);
	LLVMFuzzerTestOneInput((const uint8_t *)exact, len);
	mem_free(exact);
	n_run++;
	return 0;
}

static int
run_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int failed = 0;

	if (dir == NULL)
		return run_file(path);
	while ((entry = readdir(dir)) != NULL) {
		char file[PATH_BYTES];
		struct err e;

		if (entry->d_name[0] == '.')
			continue;
		if (file_join(file, sizeof(file), path, entry->d_name, &e) != 0)
			failed = 1;
		else
			failed |= run_file(file);
	}
	closedir(dir);
	return failed;
}

int
main(int argc, char **argv)
{
	int failed = 0;

	if (argc < 2)
		failed = run_folder(FUZZ_CORPUS);
	for (int i = 1; i < argc; i++)
		failed |= run_folder(argv[i]);
	printf("%d inputs\n", n_run);
	return failed != 0 || n_run == 0;
}
