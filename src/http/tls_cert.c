#include <gnutls/x509.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/tls_int.h"

/*
 * Reads a pair and shows that it is one. Texts name the file and never hold a
 * byte of it.
 */
#define KEY_ID_BYTES 32
#define FILE_MAX_BYTES (256 * 1024)

static int
refuse(struct err *e, const char *path, const char *what, int code)
{
	return err_set(e, ERR_INVALID, "%.120s: %s%s%s", path, what,
		code == 0 ? "" : ": ", code == 0 ? "" : gnutls_strerror(code));
}

static int
read_pem(const char *path, struct buf *b, struct err *e)
{
	int err;

	buf_init(b, FILE_MAX_BYTES);
	err = file_read(path, b, e);
	if (err == 0 && b->len == 0)
		return refuse(e, path, "the file is empty", 0);
	return err;
}

static void
wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	buf_fini(b);
}

static gnutls_datum_t
datum_of(const struct buf *b)
{
	return (gnutls_datum_t){(unsigned char *)b->p, (unsigned)b->len};
}

static int
read_chain(struct http_cert *p, const char *path, struct err *e)
{
	gnutls_datum_t pem;
	struct buf b;
	int err = read_pem(path, &b, e), r;

	if (err == 0) {
		pem = datum_of(&b);
		p->n_chain = LIMIT_TLS_CHAIN;
		r = gnutls_pcert_list_import_x509_raw(p->chain, &p->n_chain,
			&pem, GNUTLS_X509_FMT_PEM,
			GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
		if (r < 0) {
			p->n_chain = 0;
			err = refuse(e, path,
				"no PEM chain with the server's certificate "
				"first",
				r);
		}
	}
	buf_fini(&b);
	return err;
}

static int
read_key(struct http_cert *p, const char *path, struct err *e)
{
	gnutls_datum_t pem;
	struct buf b;
	int err = read_pem(path, &b, e), r;

	if (err == 0) {
		pem = datum_of(&b);
		r = gnutls_privkey_import_x509_raw(
			p->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
		if (r < 0)
			err = refuse(e, path,
				"no PEM private key without a password", r);
	}
	wipe(&b);
	return err;
}

static bool
belong_together(const struct http_cert *p)
{
	unsigned char a[KEY_ID_BYTES], b[KEY_ID_BYTES];
	size_t na = sizeof(a), nb = sizeof(b);
	gnutls_pubkey_t pub;
	bool same;

	if (gnutls_pubkey_init(&pub) < 0)
		return false;
	same = gnutls_pubkey_import_privkey(pub, p->key, 0, 0) == 0 &&
	       gnutls_pubkey_get_key_id(pub, GNUTLS_KEYID_USE_SHA256, a, &na) ==
		       0 &&
	       gnutls_pubkey_get_key_id(p->chain[0].pubkey,
		       GNUTLS_KEYID_USE_SHA256, b, &nb) == 0 &&
	       na == nb && memcmp(a, b, na) == 0;
	gnutls_pubkey_deinit(pub);
	return same;
}

static void
read_names(struct http_cert *p, gnutls_x509_crt_t crt)
{
	size_t used = 0;

	for (unsigned i = 0;; i++) {
		char name[128];
		size_t n = sizeof(name) - 1;
		int type = gnutls_x509_crt_get_subject_alt_name(
			crt, i, name, &n, NULL);

		if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue;
		if (type < 0)
			return;
		if (type != GNUTLS_SAN_DNSNAME)
			continue;
		name[n] = '\0';
		if (used + n + 3 > sizeof(p->names))
			return;
		used += (size_t)snprintf(p->names + used,
			sizeof(p->names) - used, "%s%s", used == 0 ? "" : ", ",
			name);
	}
}

static int
read_dates(struct http_cert *p, const char *path, struct err *e)
{
	gnutls_x509_crt_t crt;
	int r = gnutls_x509_crt_init(&crt);

	if (r < 0)
		return refuse(e, path, "certificate", r);
	r = gnutls_x509_crt_import(crt, &p->chain[0].cert, GNUTLS_X509_FMT_DER);
	if (r == 0) {
		p->not_before_us =
			(int64_t)gnutls_x509_crt_get_activation_time(crt) *
			1000000;
		p->not_after_us =
			(int64_t)gnutls_x509_crt_get_expiration_time(crt) *
			1000000;
		read_names(p, crt);
	}
	gnutls_x509_crt_deinit(crt);
	return r == 0 ? 0 : refuse(e, path, "certificate", r);
}

static void
warn_if_open(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & S_IROTH) != 0)
		log_warn("tls_key_open",
			"file=%s text=\"every user of this machine can read "
			"the private key: chmod o-r\"",
			log_q(path));
}

int
http_cert_load(const char *cert_path, const char *key_path,
	struct http_cert **out, struct err *e)
{
	struct http_cert *p = mem_new(struct http_cert);
	int err;

	if (p == NULL)
		return err_set(e, ERR_NO_MEMORY, "TLS");
	atomic_store(&p->refs, 1);
	if (gnutls_privkey_init(&p->key) < 0 ||
		gnutls_session_ticket_key_generate(&p->ticket_key) < 0)
		err = err_set(e, ERR_NO_MEMORY, "TLS");
	else
		err = read_chain(p, cert_path, e);
	if (err == 0)
		err = read_key(p, key_path, e);
	if (err == 0 && !belong_together(p))
		err = refuse(e, key_path,
			"the key is not that of the certificate", 0);
	if (err == 0)
		err = read_dates(p, cert_path, e);
	if (err != 0) {
		http_cert_unref(p);
		return err;
	}
	warn_if_open(key_path);
	*out = p;
	return 0;
}

void
http_cert_unref(struct http_cert *p)
{
	if (p == NULL || atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	for (unsigned i = 0; i < p->n_chain; i++)
		gnutls_pcert_deinit(&p->chain[i]);
	if (p->key != NULL)
		gnutls_privkey_deinit(p->key);
	if (p->ticket_key.data != NULL)
		explicit_bzero(p->ticket_key.data, p->ticket_key.size);
	gnutls_free(p->ticket_key.data);
	mem_free(p);
}
