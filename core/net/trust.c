/* trust: judges a certificate inside the handshake. OpenSSL's own verification is replaced by
 * one callback per connection, which knows the host's mode and pin; name and dates are checked
 * here too, because libcurl's checks are off (they would refuse every pinned self-signed
 * certificate).
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/trust.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/target.h"

/* ---- what a certificate says --------------------------------------------------------------- */

static void
leaf_fingerprint (X509 *leaf, char ret[TRUST_PIN_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    ret[0] = '\0';
    if (X509_digest (leaf, EVP_sha256 (), digest, &len) != 1)
        return;
    char *hex = str_hex (digest, len);
    str_copy (ret, TRUST_PIN_SIZE, hex);
    mem_free (hex);
}

static void
asn1_date (const ASN1_TIME *when, char *ret, size_t size)
{
    struct tm tm;
    str_copy (ret, size, "?");
    if (ASN1_TIME_to_tm (when, &tm) != 1)
        return;
    char *text = clock_iso8601 ((int64_t) timegm (&tm) * 1000);
    str_copy (ret, size, text);
    mem_free (text);
}

static void
name_text (const X509_NAME *name, char *ret, size_t size)
{
    BIO *bio = BIO_new (BIO_s_mem ());
    char *data = NULL;
    X509_NAME_print_ex (bio, name, 0, XN_FLAG_RFC2253);
    long len = BIO_get_mem_data (bio, &data);
    char *text = str_ndup (data, len < 0 ? 0 : (size_t) len);
    str_copy (ret, size, text);
    mem_free (text);
    BIO_free (bio);
}

/* < 0: not yet valid; > 0: expired; 0: valid now. */
static int
leaf_age (X509 *leaf)
{
    time_t now = (time_t) (clock_wall_ms () / 1000);
    if (X509_cmp_time (X509_get0_notAfter (leaf), &now) < 0)
        return 1;
    return X509_cmp_time (X509_get0_notBefore (leaf), &now) > 0 ? -1 : 0;
}

static void
fill_certificate (X509 *leaf, struct net_certificate *c)
{
    leaf_fingerprint (leaf, c->sha256);
    name_text (X509_get_subject_name (leaf), c->subject, sizeof c->subject);
    name_text (X509_get_issuer_name (leaf), c->issuer, sizeof c->issuer);
    asn1_date (X509_get0_notBefore (leaf), c->not_before, sizeof c->not_before);
    asn1_date (X509_get0_notAfter (leaf), c->not_after, sizeof c->not_after);
    c->expired = leaf_age (leaf) > 0;
}

/* ---- the judgement ------------------------------------------------------------------------- */

static bool
say_expired (X509 *leaf, struct trust_verdict *v)
{
    char date[32];
    if (leaf_age (leaf) > 0) {
        asn1_date (X509_get0_notAfter (leaf), date, sizeof date);
        str_format (v->problem, sizeof v->problem, "the certificate has expired on %s", date);
        v->advice = "renew it on the BMC, or accept any: farrier host trust | --insecure";
        return true;
    }
    return false;
}

static bool
judge_pin (X509 *leaf, struct trust_verdict *v)
{
    struct net_target *t = v->target;
    char pin[TRUST_PIN_SIZE];
    net_target_pin (t, pin);
    if (pin[0] != '\0' && strcmp (pin, v->sha256) != 0) {
        str_format (v->problem, sizeof v->problem,
                    "the certificate has changed: pinned is SHA-256 %s, shown was %s", pin,
                    v->sha256);
        v->advice = "if it was changed on purpose: farrier host trust | --forget";
        return false;
    }
    if (!t->accept_expired && say_expired (leaf, v))
        return false;
    if (pin[0] != '\0')
        return true;

    char subject[160], date[32];
    name_text (X509_get_subject_name (leaf), subject, sizeof subject);
    asn1_date (X509_get0_notAfter (leaf), date, sizeof date);
    if (t->first == NULL || !t->first (t->first_arg, t->name, v->sha256, subject, date)) {
        str_format (v->problem, sizeof v->problem,
                    "no certificate is pinned yet; shown was SHA-256 %s (%s)", v->sha256, subject);
        return false;
    }
    uv_mutex_lock (&t->lock);
    str_copy (t->pin, sizeof t->pin, v->sha256);
    uv_mutex_unlock (&t->lock);
    return true;
}

static bool
name_fits (X509 *leaf, const struct net_target *t)
{
    if (t->literal)
        return X509_check_ip_asc (leaf, t->host, 0) == 1;
    return X509_check_host (leaf, t->host, 0, 0, NULL) == 1;
}

/* With a context of our own: libcurl replaces the store of an SSL_CTX by one that it keeps in the
 * multi handle, which may be that of another host. Returns an X509_V_* value. */
static int
verify_chain (X509_STORE *store, X509 *leaf, STACK_OF (X509) *untrusted)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new ();
    int why = X509_V_ERR_UNSPECIFIED;
    if (ctx != NULL && X509_STORE_CTX_init (ctx, store, leaf, untrusted) == 1) {
        X509_STORE_CTX_set_default (ctx, "ssl_server");
        int ok = X509_verify_cert (ctx);
        why = X509_STORE_CTX_get_error (ctx);
        if (ok != 1 && why == X509_V_OK)
            why = X509_V_ERR_UNSPECIFIED;
    }
    X509_STORE_CTX_free (ctx);
    return why;
}

static bool
judge_ca (X509_STORE_CTX *ctx, X509 *leaf, struct trust_verdict *v)
{
    int why = verify_chain (v->target->store, leaf, X509_STORE_CTX_get0_untrusted (ctx));
    char subject[160];
    v->advice = "name the CAs of its certificate: farrier host trust | --ca FILE";
    name_text (X509_get_subject_name (leaf), subject, sizeof subject);
    if (why != X509_V_OK) {
        if (why == X509_V_ERR_CERT_HAS_EXPIRED && say_expired (leaf, v))
            return false;
        str_format (v->problem, sizeof v->problem, "the certificate (%s) is not trusted: %s",
                    subject, X509_verify_cert_error_string (why));
        return false;
    }
    if (!name_fits (leaf, v->target)) {
        str_format (v->problem, sizeof v->problem,
                    "the certificate is for another name (%s), not for %s", subject,
                    v->target->host);
        return false;
    }
    return true;
}

/* In place of OpenSSL's verification of the chain. */
static int
on_verify (X509_STORE_CTX *ctx, void *arg)
{
    struct trust_verdict *v = arg;
    X509 *leaf = X509_STORE_CTX_get0_cert (ctx);
    v->refused = false;
    v->problem[0] = '\0';
    leaf_fingerprint (leaf, v->sha256);

    bool ok = true;
    switch (v->target->mode) {
    case TRUST_PIN:
        ok = v->look_only || judge_pin (leaf, v);
        break;
    case TRUST_CA:
        ok = judge_ca (ctx, leaf, v);
        break;
    case TRUST_INSECURE:
        break;
    }
    if (v->certificate != NULL) {
        fill_certificate (leaf, v->certificate);
        v->certificate->chain_ok = v->target->mode == TRUST_CA && ok;
        str_copy (v->certificate->problem, sizeof v->certificate->problem, v->problem);
    }
    if (v->look_only)
        ok = true;
    v->refused = !ok;
    X509_STORE_CTX_set_error (ctx, ok ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
    return ok ? 1 : 0;
}

void
trust_context (SSL_CTX *ctx, struct trust_verdict *verdict)
{
    struct net_target *t = verdict->target;
    /* the verdict lives only for the handshake: none may follow on this connection */
    SSL_CTX_set_options (ctx, SSL_OP_NO_RENEGOTIATION);
    if (t->legacy) {
        SSL_CTX_set_security_level (ctx, 0);
        SSL_CTX_set_min_proto_version (ctx, TLS1_VERSION);
    }
    SSL_CTX_set_cert_verify_callback (ctx, on_verify, verdict);
}

/* ---- set up -------------------------------------------------------------------------------- */

static int32_t
load_pem (X509_STORE *store, const char *pem, struct err *err)
{
    BIO *bio = BIO_new_mem_buf (pem, -1);
    int count = 0;
    X509 *cert;
    while ((cert = PEM_read_bio_X509 (bio, NULL, NULL, NULL)) != NULL) {
        X509_STORE_add_cert (store, cert);
        X509_free (cert);
        count++;
    }
    BIO_free (bio);
    ERR_clear_error ();                /* the end of the text is an error to PEM_read */
    if (count == 0)
        return err_set (err, FARRIER_E_TLS, "the CA text given holds no PEM certificate");
    return 0;
}

static int32_t
load_ca (struct net_target *t, const struct trust_config *config, struct err *err)
{
    t->store = X509_STORE_new ();
    if (config->ca_pem != NULL)
        return load_pem (t->store, config->ca_pem, err);
    if (config->ca_file == NULL) {
        if (X509_STORE_set_default_paths (t->store) == 1)
            return 0;
        return err_set (err, FARRIER_E_TLS, "the system's CA certificates cannot be read");
    }
    if (X509_STORE_load_file (t->store, config->ca_file) == 1)
        return 0;
    const char *why = ERR_reason_error_string (ERR_peek_last_error ());
    err_set (err, FARRIER_E_TLS, "the CA file %s cannot be read: %s", config->ca_file,
             why == NULL ? "no PEM certificate in it" : why);
    ERR_clear_error ();
    return FARRIER_E_TLS;
}

int32_t
trust_set_up (struct net_target *t, const struct trust_config *config, struct err *err)
{
    t->mode = config->mode;
    t->accept_expired = config->accept_expired;
    t->legacy = config->legacy;
    t->first = config->first;
    t->first_arg = config->first_arg;
    if (t->mode == TRUST_CA && t->tls) {
        int32_t code = load_ca (t, config, err);
        if (code < 0)
            return code;
    }
    if (t->mode == TRUST_PIN && !str_empty (config->pin)) {
        unsigned char raw[HASH_SHA256_SIZE];
        if (!str_unhex (config->pin, raw, sizeof raw))
            return err_set (err, FARRIER_E_INVALID,
                            "the pinned fingerprint '%.80s' is not 64 hexadecimal digits",
                            config->pin);
        char *hex = str_hex (raw, sizeof raw);
        str_copy (t->pin, sizeof t->pin, hex);
        mem_free (hex);
    }
    char kind[256];
    str_format (kind, sizeof kind, "%d %d %d %s %s", t->mode, t->accept_expired, t->legacy,
                t->mode == TRUST_PIN && config->pin != NULL ? config->pin : "",
                config->ca_file == NULL ? "" : config->ca_file);
    uint64_t hash = hash_fnv1a (kind) ^ hash_fnv1a (config->ca_pem == NULL ? "" : config->ca_pem);
    t->trust_generation = (uint32_t) (hash ^ hash >> 32);
    return 0;
}
