/* host_xml: the host table's XML: small documents with XPath, large ones event by event.
 *
 * What a BMC or a catalog sends is hostile until shown otherwise: a DOCTYPE ends the parsing (no
 * entities, so none that explode), nothing is fetched, size, depth and the work of an XPath
 * expression are bounded, and libxml2 has nothing to say on stderr.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <libxml/parser.h>
#include <libxml/xmlreader.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <pthread.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/step.h"

#define DOCUMENT_MAX (8u << 20)
#define READER_MAX (1u << 30)
#define XPATH_WORK_MAX 2000000
#define OPTIONS (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT)
#define DEFAULT_PREFIX "d"

/* A document in memory, and the last question about it: who asks for the second of a list asks for
 * the third next. */
struct document {
    const struct farrier_host *host;
    struct arena *arena;
    xmlDocPtr doc;
    bool borrowed;                     /* doc is the reader's */
    xmlXPathContextPtr context;
    xmlXPathObjectPtr found;
    xmlNodePtr asked_at;
    char *asked;
};

struct farrier_xml {
    const struct farrier_host *host;   /* first: every handle begins so */
    struct document *document;
    xmlNodePtr node;                   /* an xmlAttr too: both begin alike */
};

struct farrier_xml_reader {
    const struct farrier_host *host;
    xmlTextReaderPtr reader;
    struct document expanded;          /* its doc is the reader's */
    struct farrier_xml *node;          /* the handle for xml_expand() */
    xmlChar *attr;                     /* the last one that had to be put together */
    bool at_element, end_is_due;
    int line;
    char *problem;
};

static void
start_library (void)
{
    xmlInitParser ();
}

static void
start (void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once (&once, start_library);
}

/* libxml2 ends its messages with a line feed. */
static int
text_length (const char *message)
{
    size_t len = message == NULL ? 0 : strlen (message);
    while (len > 0 && (message[len - 1] == '\n' || message[len - 1] == ' '))
        len--;
    return len > 200 ? 200 : (int) len;
}

/* --- documents ------------------------------------------------------------------------------ */

static void
forget_answer (struct document *d)
{
    xmlXPathFreeObject (d->found);
    mem_free (d->asked);
    d->found = NULL;
    d->asked = NULL;
    d->asked_at = NULL;
}

static void
document_end (struct document *d)
{
    forget_answer (d);
    xmlXPathFreeContext (d->context);
    if (!d->borrowed)
        xmlFreeDoc (d->doc);
    d->context = NULL;
    d->doc = NULL;
}

static void
document_free (void *document)
{
    document_end (document);
    mem_free (document);
}

static void
quiet (void *arg, xmlErrorPtr error)
{
    (void) arg;
    (void) error;                      /* who asked gets NULL, and the log says which expression */
}

/* The prefixes of the root element, so that expressions may use them. */
static void
use_prefixes (struct document *d)
{
    const xmlNode *root = xmlDocGetRootElement (d->doc);
    for (const xmlNs *ns = root == NULL ? NULL : root->nsDef; ns != NULL; ns = ns->next) {
        const xmlChar *prefix = ns->prefix == NULL ? BAD_CAST DEFAULT_PREFIX : ns->prefix;
        xmlXPathRegisterNs (d->context, prefix, ns->href);
    }
}

static xmlXPathContextPtr
context_of (struct document *d)
{
    if (d->context == NULL) {
        d->context = xmlXPathNewContext (d->doc);
        if (d->context == NULL)
            return NULL;
        d->context->error = quiet;
        use_prefixes (d);
    }
    d->context->opLimit = XPATH_WORK_MAX;
    d->context->opCount = 0;
    return d->context;
}

static xmlXPathObjectPtr
ask (const struct farrier_xml *node, const char *xpath)
{
    struct document *d = node->document;
    if (d->asked != NULL && d->asked_at == node->node && str_eq (d->asked, xpath))
        return d->found;
    forget_answer (d);
    xmlXPathContextPtr context = context_of (d);
    if (context == NULL)
        return NULL;
    d->found = xmlXPathNodeEval (node->node, BAD_CAST xpath, context);
    if (d->found == NULL) {
        log_warn ("the XPath expression '%s' is malformed, or takes too much work", xpath);
        return NULL;
    }
    d->asked = str_dup (xpath);
    d->asked_at = node->node;
    return d->found;
}

static struct farrier_xml *
handle (struct document *d, xmlNodePtr node)
{
    struct farrier_xml *h = arena_alloc (d->arena, sizeof *h);
    if (h == NULL)
        return NULL;
    h->host = d->host;
    h->document = d;
    h->node = node;
    return h;
}

static int
nodes_in (const xmlXPathObject *found)
{
    return found == NULL || found->type != XPATH_NODESET || found->nodesetval == NULL
               ? 0 : found->nodesetval->nodeNr;
}

static const struct farrier_xml *
find (const struct farrier_xml *node, const char *xpath, uint32_t index)
{
    if (node == NULL || xpath == NULL)
        return NULL;
    const xmlXPathObject *found = ask (node, xpath);
    int count = nodes_in (found);
    if (index >= (uint32_t) count)
        return NULL;
    xmlNodePtr at = found->nodesetval->nodeTab[index];
    bool is_node = at->type == XML_ELEMENT_NODE || at->type == XML_ATTRIBUTE_NODE;
    return is_node ? handle (node->document, at) : NULL;
}

static uint32_t
count (const struct farrier_xml *node, const char *xpath)
{
    return node == NULL || xpath == NULL ? 0 : (uint32_t) nodes_in (ask (node, xpath));
}

static const char *
keep (struct document *d, xmlChar *text)
{
    char *copy = text == NULL ? NULL : arena_strdup (d->arena, (const char *) text);
    xmlFree (text);
    return copy;
}

static const char *
text_of (const struct farrier_xml *node, const char *xpath)
{
    if (node == NULL)
        return NULL;
    if (xpath == NULL)
        return keep (node->document, xmlNodeGetContent (node->node));
    xmlXPathObjectPtr found = ask (node, xpath);
    if (found == NULL || (found->type == XPATH_NODESET && nodes_in (found) == 0))
        return NULL;
    return keep (node->document, xmlXPathCastToString (found));
}

static const char *
name_of (const struct farrier_xml *node)
{
    return node == NULL ? NULL : (const char *) node->node->name;
}

static const char *
attr_of (const struct farrier_xml *node, const char *name)
{
    if (node == NULL || name == NULL || node->node->type != XML_ELEMENT_NODE)
        return NULL;
    for (xmlAttrPtr a = node->node->properties; a != NULL; a = a->next) {
        if (str_eq ((const char *) a->name, name))
            return keep (node->document, xmlNodeListGetString (node->node->doc, a->children, 1));
    }
    return NULL;
}

/* Instead of what would take in a DTD. */
static void
refuse_doctype (void *parser, const xmlChar *name, const xmlChar *id, const xmlChar *system)
{
    (void) name;
    (void) id;
    (void) system;
    xmlParserCtxtPtr p = parser;
    *(bool *) p->_private = true;
    xmlStopParser (p);
}

/* NULL with *ret_why (arena). */
static xmlDocPtr
parse_bytes (struct arena *arena, const char *bytes, size_t len, const char **ret_why)
{
    start ();
    *ret_why = "no memory";
    if (len > DOCUMENT_MAX) {
        *ret_why = arena_printf (arena, "%zu bytes, and %u are read at most", len, DOCUMENT_MAX);
        return NULL;
    }
    bool has_doctype = false;
    xmlParserCtxtPtr parser = xmlNewParserCtxt ();
    if (parser == NULL)
        return NULL;
    parser->_private = &has_doctype;
    parser->sax->internalSubset = refuse_doctype;
    xmlDocPtr doc = xmlCtxtReadMemory (parser, bytes, (int) len, NULL, NULL, OPTIONS);
    const xmlError *error = &parser->lastError;
    if (has_doctype) {                 /* a parser that is stopped calls it well formed */
        *ret_why = "it has a DOCTYPE";
        xmlFreeDoc (doc);
        doc = NULL;
    } else if (doc == NULL && error->message != NULL) {
        *ret_why = arena_printf (arena, "line %d: %.*s", error->line, text_length (error->message),
                                 error->message);
    }
    xmlFreeParserCtxt (parser);
    return doc;
}

static struct farrier_xml *
document_root (struct farrier_step *step, xmlDocPtr doc)
{
    struct document *d = mem_alloc (sizeof *d);
    d->host = step->host;
    d->arena = step->arena;
    d->doc = doc;
    arena_defer (step->arena, document_free, d);
    return handle (d, xmlDocGetRootElement (doc));
}

static int32_t
parse (struct farrier_step *step, const char *bytes, size_t len,
       const struct farrier_xml **ret_root, struct farrier_error *err)
{
    const char *why;
    xmlDocPtr doc = bytes == NULL ? NULL : parse_bytes (step->arena, bytes, len, &why);
    if (doc == NULL)
        return step->host->fail (err, FARRIER_E_INVALID, "malformed XML: %s",
                                 bytes == NULL ? "nothing was given" : why == NULL ? "" : why);
    struct farrier_xml *root = document_root (step, doc);
    if (root == NULL)
        return step->host->fail (err, FARRIER_E_NO_SPACE, "the callback's memory is used up");
    *ret_root = root;
    return FARRIER_OK;
}

static const struct farrier_xml *
response_xml (const struct farrier_response *r)
{
    const char *why;
    xmlDocPtr doc = r == NULL || r->body_len == 0
                        ? NULL : parse_bytes (r->step->arena, r->body, r->body_len, &why);
    return doc == NULL ? NULL : document_root (r->step, doc);
}

/* --- event by event ------------------------------------------------------------------------- */

static void
reader_free (void *arg)
{
    struct farrier_xml_reader *r = arg;
    document_end (&r->expanded);
    xmlFree (r->attr);
    xmlFreeTextReader (r->reader);     /* its document too */
    mem_free (r->problem);
    mem_free (r);
}

static void
note_problem (void *arg, xmlErrorPtr error)
{
    struct farrier_xml_reader *r = arg;
    if (r->problem != NULL || error->level < XML_ERR_ERROR)
        return;
    r->line = error->line;
    r->problem = str_ndup (error->message == NULL ? "" : error->message,
                           (size_t) text_length (error->message));
}

static struct farrier_xml_reader *
open_bytes (struct farrier_step *step, const char *bytes, size_t len)
{
    start ();
    if (bytes == NULL || len > READER_MAX)
        return NULL;
    xmlTextReaderPtr reader = xmlReaderForMemory (bytes, (int) len, NULL, NULL, OPTIONS);
    if (reader == NULL)
        return NULL;
    struct farrier_xml_reader *r = mem_alloc (sizeof *r);
    r->host = step->host;
    r->reader = reader;
    r->expanded.host = step->host;
    r->expanded.arena = step->arena;
    r->expanded.borrowed = true;
    xmlTextReaderSetStructuredErrorHandler (reader, note_problem, r);
    arena_defer (step->arena, reader_free, r);
    return r;
}

static int32_t
malformed (struct farrier_xml_reader *r, struct farrier_error *err, const char *why)
{
    if (r->problem != NULL)
        return r->host->fail (err, FARRIER_E_INVALID, "malformed XML: line %d: %s", r->line,
                              r->problem);
    return r->host->fail (err, FARRIER_E_INVALID, "malformed XML: %s", why);
}

static void
leave_event (struct farrier_xml_reader *r)
{
    document_end (&r->expanded);       /* the reader frees what was expanded */
    xmlFree (r->attr);
    r->attr = NULL;
    r->at_element = false;
}

/* An enum farrier_xml_event, or -1 for what is passed over, or -2 for what is refused. */
static int
event_of (struct farrier_xml_reader *r)
{
    switch (xmlTextReaderNodeType (r->reader)) {
    case XML_READER_TYPE_ELEMENT:
        r->at_element = true;
        r->end_is_due = xmlTextReaderIsEmptyElement (r->reader) == 1;
        return FARRIER_XML_ELEMENT;
    case XML_READER_TYPE_END_ELEMENT:
        return FARRIER_XML_ELEMENT_END;
    case XML_READER_TYPE_TEXT:
    case XML_READER_TYPE_CDATA:
        return FARRIER_XML_TEXT;
    case XML_READER_TYPE_DOCUMENT_TYPE:
    case XML_READER_TYPE_ENTITY_REFERENCE:
        return -2;
    default:
        return -1;
    }
}

static int32_t
next (struct farrier_xml_reader *r, struct farrier_error *err)
{
    leave_event (r);
    if (r->end_is_due) {
        r->end_is_due = false;
        return FARRIER_XML_ELEMENT_END;
    }
    for (;;) {
        int more = xmlTextReaderRead (r->reader);
        if (more == 0)
            return FARRIER_XML_END;
        if (more < 0)
            return malformed (r, err, "it ends early");
        int event = event_of (r);
        if (event == -2)
            return malformed (r, err, "it has a DOCTYPE");
        if (event >= 0)
            return event;
    }
}

static const char *
reader_name (struct farrier_xml_reader *r)
{
    int type = xmlTextReaderNodeType (r->reader);
    bool named = type == XML_READER_TYPE_ELEMENT || type == XML_READER_TYPE_END_ELEMENT;
    return named ? (const char *) xmlTextReaderConstLocalName (r->reader) : NULL;
}

static const char *
reader_attr (struct farrier_xml_reader *r, const char *name)
{
    const xmlNode *node = r->at_element ? xmlTextReaderCurrentNode (r->reader) : NULL;
    const xmlAttr *a = node == NULL || name == NULL ? NULL : node->properties;
    while (a != NULL && !str_eq ((const char *) a->name, name))
        a = a->next;
    if (a == NULL)
        return NULL;
    if (a->children == NULL)
        return "";
    if (a->children->next == NULL && a->children->type == XML_TEXT_NODE)
        return (const char *) a->children->content;
    xmlFree (r->attr);
    r->attr = xmlNodeListGetString (node->doc, a->children, 1);
    return (const char *) r->attr;
}

static const char *
reader_text (struct farrier_xml_reader *r)
{
    int type = xmlTextReaderNodeType (r->reader);
    bool has_text = type == XML_READER_TYPE_TEXT || type == XML_READER_TYPE_CDATA;
    return has_text ? (const char *) xmlTextReaderConstValue (r->reader) : NULL;
}

static uint32_t
reader_depth (struct farrier_xml_reader *r)
{
    int depth = xmlTextReaderDepth (r->reader);
    return depth < 0 ? 0 : (uint32_t) depth;
}

static const struct farrier_xml *
expand (struct farrier_xml_reader *r)
{
    xmlNodePtr node = r->at_element ? xmlTextReaderExpand (r->reader) : NULL;
    if (node == NULL)
        return NULL;
    if (r->node == NULL)
        r->node = handle (&r->expanded, node);
    if (r->node == NULL)
        return NULL;
    r->expanded.doc = node->doc;
    r->node->node = node;
    return r->node;
}

/* To the element's own end; the elements in it are passed over without being told. */
static int32_t
skip_element (struct farrier_xml_reader *r, struct farrier_error *err)
{
    if (!r->at_element)
        return r->host->fail (err, FARRIER_E_PLUGIN_BUG, "xml_skip: not at an element");
    uint32_t depth = reader_depth (r);
    int32_t event;
    do {
        event = next (r, err);
        if (event < 0)
            return event;
    } while (event != FARRIER_XML_END
             && !(event == FARRIER_XML_ELEMENT_END && reader_depth (r) == depth));
    return FARRIER_OK;
}

void
step_table_xml (struct farrier_host *table)
{
    table->xml_parse = parse;
    table->response_xml = response_xml;
    table->xml_find = find;
    table->xml_count = count;
    table->xml_text = text_of;
    table->xml_name = name_of;
    table->xml_attr = attr_of;
    table->xml_open = open_bytes;
    table->xml_next = next;
    table->xml_reader_name = reader_name;
    table->xml_reader_attr = reader_attr;
    table->xml_reader_text = reader_text;
    table->xml_reader_depth = reader_depth;
    table->xml_expand = expand;
    table->xml_skip = skip_element;
}
