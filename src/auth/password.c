#include "auth/password.h"

#include <sodium.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "base/utf8.h"

#define OPS crypto_pwhash_OPSLIMIT_INTERACTIVE
#define MEM_BYTES crypto_pwhash_MEMLIMIT_INTERACTIVE

_Static_assert(AUTH_PASSWORD_TEXT >= crypto_pwhash_STRBYTES, "the hash fits");

/* Nobody's: salt and hash are random bytes. */
static const char nobodys[] = "$argon2id$v=19$m=65536,t=2,p=1$"
			      "QQ5F6ieGU7xqTz3mHbcJBw$"
			      "fTjDYGTfL9WTWZS0MtKDlvT0YShFkhhlBuqb6HKCBNY";

/* Those of ten characters and more that everybody tries first. */
static const char *const known_to_all[] = {"0123456789", "0987654321",
	"1111111111", "1234567890", "12345678910", "123456789a", "1q2w3e4r5t",
	"1q2w3e4r5t6y", "1qaz2wsx3edc", "abcdefghij", "administrator",
	"changeme123", "changemenow", "iloveyou123", "letmein123", "password12",
	"password123", "password1234", "passw0rd123", "qwerty1234",
	"qwerty12345", "qwertyuiop", "sluicesluice", "superman123",
	"welcome123", "zaq12wsxcde3"};

int
auth_sodium(struct err *e)
{
	return sodium_init() < 0 ? err_set(e, ERR_BUG, "libsodium: no start")
				 : 0;
}

void
auth_hashing_init(struct auth_hashing *h)
{
	lock_init(&h->lock);
	cond_init(&h->free);
	h->n_running = h->n_waiting = 0;
}

void
auth_hashing_fini(struct auth_hashing *h)
{
	lock_fini(&h->lock);
	cond_fini(&h->free);
}

static int
enter(struct auth_hashing *h, struct err *e)
{
	int64_t until_ns =
		clock_mono_ns() + AUTH_HASH_WAIT_MS * INT64_C(1000000);
	bool in_time = true;

	lock_take(&h->lock);
	if (h->n_running >= AUTH_HASHES_MAX &&
		h->n_waiting >= AUTH_HASHES_WAITING_MAX)
		in_time = false;
	h->n_waiting++;
	while (in_time && h->n_running >= AUTH_HASHES_MAX)
		in_time = cond_wait_until(&h->free, &h->lock, until_ns);
	h->n_waiting--;
	if (in_time)
		h->n_running++;
	lock_release(&h->lock);
	if (in_time)
		return 0;
	return err_set(e, ERR_BUSY,
		"too many passwords are looked at just now: try again in a "
		"moment");
}

static void
leave(struct auth_hashing *h)
{
	lock_take(&h->lock);
	h->n_running--;
	cond_signal(&h->free);
	lock_release(&h->lock);
}

int
auth_password_hash(struct auth_hashing *h, struct slice password,
	char out[AUTH_PASSWORD_TEXT], struct err *e)
{
	int rc = enter(h, e);

	if (rc < 0)
		return rc;
	if (crypto_pwhash_str(out, password.p, password.len, OPS, MEM_BYTES) !=
		0)
		rc = err_set(e, ERR_NO_MEMORY,
			"no memory to hash a password (64 MiB are wanted)");
	leave(h);
	return rc;
}

int
auth_password_check(struct auth_hashing *h, struct slice stored,
	struct slice password, bool *is_old, struct err *e)
{
	char text[AUTH_PASSWORD_TEXT] = {0};
	bool is_right;
	int rc = enter(h, e);

	if (rc < 0)
		return rc;
	if (stored.p == NULL || stored.len >= sizeof(text))
		stored = SLICE_LIT(nobodys);
	memcpy(text, stored.p, stored.len);
	is_right =
		password.len <= AUTH_PASSWORD_MAX &&
		crypto_pwhash_str_verify(text, password.p, password.len) == 0;
	*is_old = crypto_pwhash_str_needs_rehash(text, OPS, MEM_BYTES) != 0;
	leave(h);
	return is_right ? 0 : err_set(e, ERR_DENIED, "another password");
}

int
auth_password_allowed(struct slice password, struct slice email, struct err *e)
{
	bool is_known = password.len > 0 && slice_eq_nocase(password, email);

	if (!utf8_valid(password) ||
		(password.len > 0 && memchr(password.p, 0, password.len)))
		return err_set(
			e, ERR_INVALID, "password: it is not valid UTF-8 text");
	if (utf8_scalars(password) < AUTH_PASSWORD_LEAST)
		return err_set(e, ERR_INVALID,
			"password: at least %d characters are wanted",
			AUTH_PASSWORD_LEAST);
	if (password.len > AUTH_PASSWORD_MAX)
		return err_set(e, ERR_INVALID, "password: at most %d bytes",
			AUTH_PASSWORD_MAX);
	for (size_t i = 0; i < ARRAY_LEN(known_to_all); i++)
		is_known = is_known || slice_eq_nocase(password,
					       slice_str(known_to_all[i]));
	if (is_known)
		return err_set(e, ERR_INVALID,
			"password: this one is among the first that are tried: "
			"choose another");
	return 0;
}
