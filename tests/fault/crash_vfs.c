#include "crash_vfs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "crash_image.h"
#include "store/store_int.h"

/* All state is guarded by lock: SQLite calls from several threads. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long countdown, n_ops, sync_countdown, write_countdown;
static bool syncs_fail;
static int64_t growth_left = -1;
static uint64_t crash_seed;

struct crash_file {
	sqlite3_file base;
	struct crash_inode *inode;
	bool syncs_dir; /* a journal or WAL that was created */
	sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;

static sqlite3_file *
real_of(sqlite3_file *f)
{
	return ((struct crash_file *)(void *)f)->real;
}

static struct crash_inode *
inode_of(sqlite3_file *f)
{
	return ((struct crash_file *)(void *)f)->inode;
}

/* With the lock held: ends the process when it is this operation's turn. The
 * operation itself is already noted as not durable. */
static void
count_op(void)
{
	n_ops++;
	if (countdown > 0 && --countdown == 0) {
		crash_image_leave(crash_seed);
		_exit(CRASH_STATUS);
	}
}

static int
crash_close(sqlite3_file *f)
{
	int rc = real_of(f)->pMethods->xClose(real_of(f));

	pthread_mutex_lock(&lock);
	crash_image_close(inode_of(f));
	pthread_mutex_unlock(&lock);
	free(real_of(f));
	return rc;
}

static int
crash_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return real_of(f)->pMethods->xRead(real_of(f), p, n, at);
}

/* Whether the disk has room for a write up to end. */
static bool
take_growth(sqlite3_file *f, sqlite3_int64 end)
{
	sqlite3_int64 size = 0;

	real_of(f)->pMethods->xFileSize(real_of(f), &size);
	if (growth_left < 0 || end <= size)
		return true;
	if (end - size > growth_left)
		return false;
	growth_left -= end - size;
	return true;
}

static int
crash_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	int rc;

	pthread_mutex_lock(&lock);
	if (write_countdown > 0 && --write_countdown == 0) {
		rc = SQLITE_IOERR_WRITE;
	} else if (!take_growth(f, at + n)) {
		rc = SQLITE_FULL;
	} else {
		crash_image_write(inode_of(f), p, (size_t)n, at);
		count_op();
		rc = real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
	}
	pthread_mutex_unlock(&lock);
	return rc;
}

static int
crash_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc;

	pthread_mutex_lock(&lock);
	crash_image_truncate(inode_of(f), size);
	count_op();
	rc = real_of(f)->pMethods->xTruncate(real_of(f), size);
	pthread_mutex_unlock(&lock);
	return rc;
}

/* No real sync: the image says what is durable. */
static int
crash_sync(sqlite3_file *f, int flags)
{
	struct crash_file *c = (struct crash_file *)(void *)f;
	int rc = SQLITE_OK;

	(void)flags;
	pthread_mutex_lock(&lock);
	count_op();
	if (sync_countdown > 0 && --sync_countdown == 0)
		syncs_fail = true;
	if (syncs_fail)
		rc = SQLITE_IOERR_FSYNC;
	else
		crash_image_sync(c->inode, c->syncs_dir);
	pthread_mutex_unlock(&lock);
	return rc;
}

static int
crash_file_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int
crash_lock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int
crash_unlock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int
crash_check_reserved(sqlite3_file *f, int *out)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int
crash_control(sqlite3_file *f, int op, void *arg)
{
	return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int
crash_sector_size(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int
crash_characteristics(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int
crash_shm_map(
	sqlite3_file *f, int region, int size, int extend, void volatile **out)
{
	return real_of(f)->pMethods->xShmMap(
		real_of(f), region, size, extend, out);
}

static int
crash_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}

static void
crash_shm_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int
crash_shm_unmap(sqlite3_file *f, int delete_it)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), delete_it);
}

/* Version 2: no memory map, so that every byte passes here. */
static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = crash_close,
	.xRead = crash_read,
	.xWrite = crash_write,
	.xTruncate = crash_truncate,
	.xSync = crash_sync,
	.xFileSize = crash_file_size,
	.xLock = crash_lock,
	.xUnlock = crash_unlock,
	.xCheckReservedLock = crash_check_reserved,
	.xFileControl = crash_control,
	.xSectorSize = crash_sector_size,
	.xDeviceCharacteristics = crash_characteristics,
	.xShmMap = crash_shm_map,
	.xShmLock = crash_shm_lock,
	.xShmBarrier = crash_shm_barrier,
	.xShmUnmap = crash_shm_unmap,
};

static int
crash_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
	int *out_flags)
{
	struct crash_file *c = (struct crash_file *)(void *)f;
	bool existed = name != NULL && access(name, F_OK) == 0;
	int rc;

	(void)vfs;
	memset(c, 0, sizeof(*c));
	c->real = calloc(1, (size_t)real_vfs->szOsFile);
	if (c->real == NULL)
		return SQLITE_NOMEM;
	rc = real_vfs->xOpen(real_vfs, name, c->real, flags, out_flags);
	if (rc != SQLITE_OK) {
		free(c->real);
		return rc;
	}
	pthread_mutex_lock(&lock);
	c->inode = crash_image_open(name, existed);
	c->syncs_dir = !existed &&
		       (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL));
	pthread_mutex_unlock(&lock);
	c->base.pMethods = &methods;
	return SQLITE_OK;
}

static int
crash_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
	int rc;

	(void)vfs;
	pthread_mutex_lock(&lock);
	crash_image_delete(name, sync_dir != 0);
	count_op();
	rc = real_vfs->xDelete(real_vfs, name, 0);
	pthread_mutex_unlock(&lock);
	return rc;
}

void
crash_vfs_register(void)
{
	static sqlite3_vfs vfs;

	if (real_vfs != NULL)
		return;
	store_alloc_init(); /* before SQLite begins */
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "crash";
	vfs.pNext = NULL;
	vfs.szOsFile = sizeof(struct crash_file);
	vfs.xOpen = crash_open;
	vfs.xDelete = crash_delete;
	sqlite3_vfs_register(&vfs, 0);
}

void
crash_vfs_arm(uint64_t seed, long n)
{
	pthread_mutex_lock(&lock);
	crash_seed = seed;
	countdown = n;
	n_ops = 0;
	pthread_mutex_unlock(&lock);
}

long
crash_vfs_ops(void)
{
	return n_ops;
}

void
crash_vfs_limit_growth(int64_t bytes)
{
	pthread_mutex_lock(&lock);
	growth_left = bytes;
	pthread_mutex_unlock(&lock);
}

void
crash_vfs_fail_sync(long n)
{
	pthread_mutex_lock(&lock);
	sync_countdown = n;
	syncs_fail = false;
	pthread_mutex_unlock(&lock);
}

void
crash_vfs_fail_write(long n)
{
	pthread_mutex_lock(&lock);
	write_countdown = n;
	pthread_mutex_unlock(&lock);
}
