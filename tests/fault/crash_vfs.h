#ifndef TEST_FAULT_CRASH_VFS_H
#define TEST_FAULT_CRASH_VFS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * An SQLite VFS ("crash") over the default one that knows what of each file is
 * durable: everything up to the last sync, and a list of what came after. A
 * crash puts the files into a state that a power failure could leave: each
 * later write kept, lost or torn into 512-byte sectors, each truncation,
 * creation and deletion kept or lost, as a seed chooses. Then the process ends.
 */
#define CRASH_STATUS 77

void crash_vfs_register(void);
/* The n-th write, truncation, sync or deletion from now crashes; 0: none. */
void crash_vfs_arm(uint64_t seed, long n);
/* Operations counted since the last arm. */
long crash_vfs_ops(void);
/* The disk takes so many more bytes of growth; -1: any. */
void crash_vfs_limit_growth(int64_t bytes);
/* The n-th sync from now fails (and every one after it); 0: none. */
void crash_vfs_fail_sync(long n);
/* The n-th write from now fails with an I/O error; 0: none. */
void crash_vfs_fail_write(long n);

#endif
