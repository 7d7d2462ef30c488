package upstreams

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/mail"
	"strings"
)

type crm struct {
	*business
}

func newCRM(b *business, opts Options) http.Handler {
	c := crm{b}
	o := newOperations(opts)
	o.add("GET /customers", "listCustomers", c.list)
	o.add("GET /customers/{id}", "getCustomer", c.get)
	o.add("PATCH /customers/{id}", "updateCustomer", c.update)
	return c.authorized(o)
}

// authorized lets calls with the tenant's token pass, and those that set faults.
func (c crm) authorized(next http.Handler) http.Handler {
	want := "Bearer " + Token(c.tenant)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := r.Header.Get("Authorization")
		if subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 && !strings.HasPrefix(r.URL.Path, "/-/") {
			w.Header().Set("WWW-Authenticate", "Bearer")
			problem(w, http.StatusUnauthorized, "Unauthorized", "Send the token of this tenant.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (c crm) list(w http.ResponseWriter, r *http.Request) {
	limit, offset, ok := page(w, r)
	if !ok {
		return
	}
	segment, ok := oneOf(w, r, "segment", segments(), false)
	if !ok {
		return
	}
	part := strings.ToLower(r.URL.Query().Get("q"))
	c.mu.RLock()
	defer c.mu.RUnlock()
	found := []customer{}
	for _, id := range c.byName {
		one := c.customers[id]
		if (segment == "" || one.Segment == segment) && strings.Contains(strings.ToLower(one.FullName), part) {
			found = append(found, one)
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"items": cut(found, limit, offset), "total": len(found)})
}

func (c crm) get(w http.ResponseWriter, r *http.Request) {
	c.mu.RLock()
	one, ok := c.customers[r.PathValue("id")]
	c.mu.RUnlock()
	if !ok {
		notFound(w, "There is no such customer.")
		return
	}
	writeJSON(w, http.StatusOK, one)
}

func (c crm) update(w http.ResponseWriter, r *http.Request) {
	var change struct {
		Email *string         `json:"email"`
		Phone json.RawMessage `json:"phone"` // null takes the number away
	}
	if !readJSON(w, r, &change) {
		return
	}
	if change.Email == nil && change.Phone == nil {
		badRequest(w, "Name what to change: email or phone.")
		return
	}
	if change.Email != nil {
		if _, err := mail.ParseAddress(*change.Email); err != nil || len(*change.Email) > 200 {
			badRequest(w, "email is no address.")
			return
		}
	}
	var phone *string
	if change.Phone != nil && (json.Unmarshal(change.Phone, &phone) != nil || phone != nil && len(*phone) > 40) {
		badRequest(w, "phone is a text of at most 40 bytes, or null.")
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	one, ok := c.customers[r.PathValue("id")]
	if !ok {
		notFound(w, "There is no such customer.")
		return
	}
	if change.Email != nil {
		one.Email = *change.Email
	}
	if change.Phone != nil {
		one.Phone = phone
	}
	c.customers[one.ID] = one
	writeJSON(w, http.StatusOK, one)
}
