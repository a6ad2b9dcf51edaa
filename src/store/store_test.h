#ifndef SLUICE_STORE_STORE_TEST_H
#define SLUICE_STORE_STORE_TEST_H

/* Doors for tests only. */
struct store;

/* The SQLite VFS of stores opened from now on; NULL: the default. */
void store_test_set_vfs(const char *name);
/* Runs retention, background deletion and vacuum until nothing is due. */
void store_test_maintain(struct store *s);
/* Copies the WAL into the file, on the writer. */
void store_test_checkpoint(struct store *s);
/* Forgets all cached rows, so that the next reads go to the file. */
void store_test_drop_tail(struct store *s);
/* Bytes in cached rows. */
unsigned long store_test_tail_bytes(struct store *s);

#endif
