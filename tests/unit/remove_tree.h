#ifndef SLUICE_TESTS_UNIT_REMOVE_TREE_H
#define SLUICE_TESTS_UNIT_REMOVE_TREE_H

#include <ftw.h>
#include <stdio.h>

static inline int
remove_tree_entry(
	const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

/* Removes a test's own folder with all in it; what is not there is no fault. */
static inline void
remove_tree(const char *dir)
{
	nftw(dir, remove_tree_entry, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
