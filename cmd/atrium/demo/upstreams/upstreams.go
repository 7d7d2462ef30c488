package upstreams

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed crm.yaml shop.yaml
var specs embed.FS

// CRMSpec returns the OpenAPI document of the CRM.
func CRMSpec() []byte { return spec("crm") }

// ShopSpec returns the OpenAPI document of the shop.
func ShopSpec() []byte { return spec("shop") }

func spec(name string) []byte {
	text, err := specs.ReadFile(name + ".yaml")
	if err != nil { // cannot be: the files are part of the program
		return nil
	}
	return text
}

// Token is what a tenant's calls of the CRM carry: Authorization: Bearer TOKEN.
func Token(tenant string) string { return "demo-crm-token-" + tenant }

// Options configure New.
type Options struct {
	Latency time.Duration // of a call, give or take half of it; zero means none
}

// Handler returns the handler of a tenant's upstreams, /crm, /shop and /files, as they would answer over a network:
// with a latency of some milliseconds.
func Handler(tenant string) http.Handler { return New(tenant, Options{Latency: 8 * time.Millisecond}) }

// New returns the handler of a tenant's upstreams: /crm, /shop and /files.
func New(tenant string, opts Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { notFound(w, "There is no such path.") })
	b := newBusiness(tenant)
	for prefix, handler := range map[string]http.Handler{
		"/crm": newCRM(b, opts), "/shop": newShop(b, opts), "/files": newFiles(opts),
	} {
		mux.Handle(prefix+"/", http.StripPrefix(prefix, handler))
	}
	return mux
}

// operations registers handlers by operationId, so that faults can name them.
type operations struct {
	*http.ServeMux

	faults *faults
}

func newOperations(opts Options) operations {
	o := operations{http.NewServeMux(), newFaults(opts.Latency)}
	o.ServeMux.HandleFunc("PUT /-/faults/{operation}", o.faults.put)
	o.ServeMux.HandleFunc("DELETE /-/faults/{operation}", o.faults.delete)
	o.ServeMux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { notFound(w, "There is no such path.") })
	return o
}

func (o operations) add(pattern, id string, handler http.HandlerFunc) {
	o.faults.known = append(o.faults.known, id)
	o.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if o.faults.pass(w, r, id) {
			handler(w, r)
		}
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		problem(w, http.StatusInternalServerError, "Unencodable", err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // a caller that has left needs no answer
}

// problem answers with an RFC 9457 problem.
func problem(w http.ResponseWriter, status int, title, detail string) {
	text, _ := json.Marshal(map[string]any{"title": title, "status": status, "detail": detail}) //nolint:errchkjson // plain values
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a caller that has left needs no answer
}

func notFound(w http.ResponseWriter, detail string) {
	problem(w, http.StatusNotFound, "Not found", detail)
}

func badRequest(w http.ResponseWriter, format string, args ...any) {
	problem(w, http.StatusBadRequest, "Bad request", fmt.Sprintf(format, args...))
}

// page reads limit and offset; false means that they were refused.
func page(w http.ResponseWriter, r *http.Request) (limit, offset int, ok bool) {
	limit, offset = 20, 0
	for name, bound := range map[string]struct {
		into        *int
		least, most int
	}{"limit": {&limit, 1, 100}, "offset": {&offset, 0, 1_000_000}} {
		text := r.URL.Query().Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < bound.least || n > bound.most {
			badRequest(w, "%s is a number from %d to %d.", name, bound.least, bound.most)
			return 0, 0, false
		}
		*bound.into = n
	}
	return limit, offset, true
}

// cut returns a page of a list; its items are never null.
func cut[T any](items []T, limit, offset int) []T {
	offset = min(offset, len(items))
	return append([]T{}, items[offset:min(offset+limit, len(items))]...)
}

// oneOf refuses a query parameter that is none of the words; an absent one is fine unless it is required.
func oneOf(w http.ResponseWriter, r *http.Request, name string, words []string, required bool) (string, bool) {
	value := r.URL.Query().Get(name)
	if value == "" && !required || slices.Contains(words, value) {
		return value, true
	}
	badRequest(w, "%s is one of %s.", name, strings.Join(words, ", "))
	return "", false
}

// readJSON decodes a small body strictly.
func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		badRequest(w, "The body is not what is wanted here: %v.", err)
		return false
	}
	return true
}
