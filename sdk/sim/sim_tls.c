/* sim_tls: the fleet's certificate authority, the leaf certificates and the TLS context.
 *
 * All leaves share one P-256 key, so that thousands of BMCs start at once; each has its own
 * certificate, kept as DER (a parsed one is eight times as big).
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_tls.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_bmc.h"
#include "sim_fleet.h"

#define VALID_S (10L * 365 * 24 * 3600)

struct sim_tls {
    SSL_CTX *context;
    EVP_PKEY *ca_key, *leaf_key;
    X509 *ca;
    X509 *shared; /* SIM_CERT_SHARED */
};

static int32_t
fail (struct err *err, const char *what)
{
    char text[160];

    ERR_error_string_n (ERR_get_error (), text, sizeof text);
    return err_set (err, FARRIER_E_INTERNAL, "%s: %s", what, text);
}

static bool
add_extension (X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;

    X509V3_set_ctx (&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid (NULL, &ctx, nid, value);
    bool ok = ext != NULL && X509_add_ext (cert, ext, -1) == 1;
    X509_EXTENSION_free (ext);
    return ok;
}

static void
add_name (X509_NAME *name, const char *key, const char *value)
{
    X509_NAME_add_entry_by_txt (name, key, MBSTRING_UTF8, (const unsigned char *) value, -1, -1, 0);
}

static void
set_serial (X509 *cert)
{
    unsigned char bytes[16];

    hash_random (bytes, sizeof bytes);
    bytes[0] &= 0x7f;
    bytes[0] |= 0x40;
    BIGNUM *number = BN_bin2bn (bytes, sizeof bytes, NULL);
    BN_to_ASN1_INTEGER (number, X509_get_serialNumber (cert));
    BN_free (number);
}

/* Signed by issuer's key, or by itself when issuer is NULL. */
static X509 *
make_certificate (const char *common_name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key,
                  const char *alt_names)
{
    X509 *cert = X509_new ();
    X509_NAME *name = X509_get_subject_name (cert);
    bool is_ca = alt_names == NULL, ok;

    X509_set_version (cert, 2);
    set_serial (cert);
    X509_gmtime_adj (X509_getm_notBefore (cert), -3600);
    X509_gmtime_adj (X509_getm_notAfter (cert), VALID_S);
    add_name (name, "O", "Farrier (simulated)");
    add_name (name, "CN", common_name);
    X509_set_issuer_name (cert, issuer == NULL ? name : X509_get_subject_name (issuer));
    X509_set_pubkey (cert, key);
    ok = add_extension (cert, issuer == NULL ? cert : issuer, NID_basic_constraints,
                        is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    ok = ok
         && add_extension (cert, issuer == NULL ? cert : issuer, NID_key_usage,
                           is_ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    ok = ok && add_extension (cert, cert, NID_subject_key_identifier, "hash");
    if (!is_ca)
        ok = ok && add_extension (cert, cert, NID_subject_alt_name, alt_names)
             && add_extension (cert, cert, NID_ext_key_usage, "serverAuth");
    if (!ok || X509_sign (cert, issuer_key, EVP_sha256 ()) == 0) {
        X509_free (cert);
        return NULL;
    }
    return cert;
}

static int32_t
make_context (struct sim_tls *tls, struct err *err)
{
    unsigned char seed[80];

    tls->context = SSL_CTX_new (TLS_server_method ());
    if (tls->context == NULL)
        return fail (err, "SSL_CTX_new");
    SSL_CTX_set_min_proto_version (tls->context, TLS1_2_VERSION);
    SSL_CTX_set_mode (tls->context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
                                        | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* Stateless tickets: thousands of sessions cost nothing here. */
    SSL_CTX_set_options (tls->context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode (tls->context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets (tls->context, 1);
    hash_random (seed, sizeof seed);
    SSL_CTX_set_tlsext_ticket_keys (tls->context, seed, sizeof seed);
    SSL_CTX_set1_groups_list (tls->context, "X25519:P-256:P-384");
    return 0;
}

static int32_t
write_ca (struct sim_fleet *fleet, X509 *cert, struct err *err)
{
    BIO *bio = BIO_new (BIO_s_mem ());
    char *data = NULL, *path = fs_join (fleet->options->state_dir, "ca.pem");

    PEM_write_bio_X509 (bio, cert);
    long len = BIO_get_mem_data (bio, &data);
    int32_t rc = fs_write_atomic (path, data, (size_t) len, 0644, err);
    BIO_free (bio);
    mem_free (path);
    return rc;
}

static char *
fleet_name (const struct sim_fleet *fleet)
{
    unsigned char bytes[4];

    hash_random (bytes, sizeof bytes);
    char *hex = str_hex (bytes, sizeof bytes);
    char *name = str_printf ("farrier-sim fleet %s port %u (simulated)", hex, fleet->options->port);
    mem_free (hex);
    return name;
}

int32_t
sim_tls_start (struct sim_fleet *fleet, struct err *err)
{
    struct sim_tls *tls = mem_alloc (sizeof *tls);

    fleet->tls = tls;
    int32_t rc = make_context (tls, err);
    if (rc < 0)
        return rc;
    tls->ca_key = EVP_EC_gen ("P-256");
    tls->leaf_key = EVP_EC_gen ("P-256");
    if (tls->ca_key == NULL || tls->leaf_key == NULL)
        return fail (err, "making a P-256 key");

    char *name = fleet_name (fleet);
    tls->ca = make_certificate (name, tls->ca_key, NULL, tls->ca_key, NULL);
    if (fleet->options->certificates == SIM_CERT_SHARED)
        tls->shared
            = make_certificate (name, tls->leaf_key, NULL, tls->leaf_key, "DNS:farrier-sim");
    mem_free (name);
    if (tls->ca == NULL || (fleet->options->certificates == SIM_CERT_SHARED && tls->shared == NULL))
        return fail (err, "signing a certificate");
    return write_ca (fleet, tls->shared == NULL ? tls->ca : tls->shared, err);
}

void
sim_tls_free (struct sim_tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free (tls->context);
    EVP_PKEY_free (tls->ca_key);
    EVP_PKEY_free (tls->leaf_key);
    X509_free (tls->ca);
    X509_free (tls->shared);
    mem_free (tls);
}

int32_t
sim_tls_certify (struct sim_bmc *bmc, struct err *err)
{
    struct sim_tls *tls = bmc->fleet->tls;
    bool self_signed = bmc->fleet->options->certificates == SIM_CERT_SELF_SIGNED;
    X509 *cert = tls->shared;

    /* A shared certificate that changes for one BMC becomes its own. */
    if (cert == NULL || bmc->certificate != NULL) {
        char *names = str_printf ("IP:%s,DNS:%s", bmc->address_text, bmc->name);
        cert = make_certificate (
            bmc->name, tls->leaf_key, self_signed || tls->shared != NULL ? NULL : tls->ca,
            self_signed || tls->shared != NULL ? tls->leaf_key : tls->ca_key, names);
        mem_free (names);
    }
    if (cert == NULL)
        return fail (err, "signing a certificate");

    unsigned char *der = NULL;
    int len = i2d_X509 (cert, &der);
    if (cert != tls->shared)
        X509_free (cert);
    if (len <= 0)
        return fail (err, "encoding a certificate");
    mem_free (bmc->certificate);
    bmc->certificate = mem_dup (der, (size_t) len);
    bmc->certificate_len = len;
    bmc->tls_epoch++;
    OPENSSL_free (der);
    return 0;
}

void
sim_tls_fingerprint (const struct sim_bmc *bmc, char ret[HASH_SHA256_HEX])
{
    hash_sha256_hex (bmc->certificate, (size_t) bmc->certificate_len, ret);
}

SSL *
sim_tls_accept (struct sim_bmc *bmc)
{
    struct sim_tls *tls = bmc->fleet->tls;
    SSL *ssl = SSL_new (tls->context);
    char id[32];

    if (ssl == NULL)
        return NULL;
    /* One context serves all BMCs, so the session id context keeps their tickets apart. */
    size_t len = str_format (id, sizeof id, "%u.%u", bmc->index, bmc->tls_epoch);
    if (SSL_use_certificate_ASN1 (ssl, bmc->certificate, bmc->certificate_len) != 1
        || SSL_use_PrivateKey (ssl, tls->leaf_key) != 1
        || SSL_set_session_id_context (ssl, (const unsigned char *) id, (unsigned int) len) != 1) {
        SSL_free (ssl);
        return NULL;
    }
    SSL_set_accept_state (ssl);
    return ssl;
}
