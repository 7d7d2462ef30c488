package upstreams

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxPlaced bounds the orders that are kept: the oldest go.
const maxPlaced = orderCount + 5000

type shop struct {
	*business
}

func newShop(b *business, opts Options) http.Handler {
	s := shop{b}
	o := newOperations(opts)
	o.add("GET /orders", "listOrders", s.listOrders)
	o.add("POST /orders", "createOrder", s.createOrder)
	o.add("GET /orders/{id}", "getOrder", s.getOrder)
	o.add("GET /stock/{sku}", "getStock", s.getStock)
	o.add("GET /offers", "listOffers", s.listOffers)
	o.add("GET /products", "listProducts", s.listProducts)
	o.add("GET /products/{sku}", "getProduct", s.getProduct)
	return o
}

func (s shop) listOrders(w http.ResponseWriter, r *http.Request) {
	limit, offset, ok := page(w, r)
	if !ok {
		return
	}
	status, ok := oneOf(w, r, "status", orderStatuses(), false)
	if !ok {
		return
	}
	of := r.URL.Query().Get("customer")
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := []order{}
	for _, o := range s.orders {
		if (of == "" || o.CustomerID == of) && (status == "" || o.Status == status) {
			found = append(found, o)
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"items": cut(found, limit, offset), "total": len(found)})
}

func (s shop) getOrder(w http.ResponseWriter, r *http.Request) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	i := slices.IndexFunc(s.orders, func(o order) bool { return o.ID == r.PathValue("id") })
	if i < 0 {
		notFound(w, "There is no such order.")
		return
	}
	writeJSON(w, http.StatusOK, s.orders[i])
}

func (s shop) createOrder(w http.ResponseWriter, r *http.Request) {
	var want struct {
		CustomerID string `json:"customerId"`
		Items      []struct {
			SKU      string `json:"sku"`
			Quantity int    `json:"quantity"`
		} `json:"items"`
	}
	if !readJSON(w, r, &want) {
		return
	}
	if len(want.Items) < 1 || len(want.Items) > 20 {
		badRequest(w, "items are 1 to 20.")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := order{CustomerID: want.CustomerID, Status: "pending", PlacedAt: time.Now().UTC().Truncate(time.Second)}
	left := map[string]int{}
	for _, item := range want.Items {
		p, known := s.bySKU[item.SKU]
		if _, ok := s.customers[want.CustomerID]; !ok || !known {
			problem(w, http.StatusUnprocessableEntity, "Unprocessable", "There is no such customer or no such product.")
			return
		}
		if item.Quantity < 1 || item.Quantity > 99 {
			badRequest(w, "quantity is a number from 1 to 99.")
			return
		}
		if _, again := left[p.SKU]; !again {
			left[p.SKU] = s.stock[p.SKU].Available
		}
		left[p.SKU] -= item.Quantity
		if left[p.SKU] < 0 {
			problem(w, http.StatusConflict, "Out of stock", fmt.Sprintf("There are %d of %s.", s.stock[p.SKU].Available, p.SKU))
			return
		}
		o.add(p, item.Quantity)
	}
	for sku, n := range left {
		s.stock[sku].Available = n
	}
	o.ID = strconv.Itoa(s.nextOrder)
	s.nextOrder++
	s.orders = slices.Insert(s.orders, 0, o)
	s.orders = s.orders[:min(len(s.orders), maxPlaced)]
	w.Header().Set("Location", "orders/"+o.ID)
	writeJSON(w, http.StatusCreated, o)
}

func (s shop) getStock(w http.ResponseWriter, r *http.Request) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found, ok := s.stock[r.PathValue("sku")]
	if !ok {
		notFound(w, "There is no such product.")
		return
	}
	writeJSON(w, http.StatusOK, found)
}

type offer struct {
	ID              string `json:"id"`
	Title           string `json:"title"`
	Text            string `json:"text"`
	SKU             string `json:"sku,omitempty"`
	DiscountPercent int    `json:"discountPercent"`
	ValidUntil      string `json:"validUntil"`
}

func (s shop) listOffers(w http.ResponseWriter, r *http.Request) {
	segment, ok := oneOf(w, r, "segment", segments(), true)
	if !ok {
		return
	}
	language := "en"
	if strings.HasPrefix(strings.ToLower(r.Header.Get("Accept-Language")), "de") {
		language = "de"
	}
	items := []offer{}
	for i, t := range offerTexts() {
		if t.segment != segment {
			continue
		}
		o := offer{
			ID: fmt.Sprintf("%s-%d", segment, i), Title: t.title[language], Text: t.text[language],
			DiscountPercent: t.discount, ValidUntil: today().AddDate(0, 0, 10+i*3).Format(time.DateOnly),
		}
		if t.forOne {
			o.SKU = s.products[(i*7)%len(s.products)].SKU
		}
		items = append(items, o)
	}
	w.Header().Set("Vary", "Accept-Language")
	w.Header().Set("Content-Language", language)
	writeJSON(w, http.StatusOK, map[string]any{"items": items})
}

func (s shop) listProducts(w http.ResponseWriter, r *http.Request) {
	limit, offset, ok := page(w, r)
	if !ok {
		return
	}
	category := r.URL.Query().Get("category")
	found := []product{}
	for _, p := range s.products {
		if category == "" || p.Category == category {
			found = append(found, p)
		}
	}
	cacheable(w, r, map[string]any{"items": cut(found, limit, offset), "total": len(found)})
}

func (s shop) getProduct(w http.ResponseWriter, r *http.Request) {
	p, ok := s.bySKU[r.PathValue("sku")]
	if !ok {
		notFound(w, "There is no such product.")
		return
	}
	cacheable(w, r, p)
}

// cacheable answers with what a cache needs: how long it may keep the answer, and how to ask whether it still holds.
func cacheable(w http.ResponseWriter, r *http.Request, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		problem(w, http.StatusInternalServerError, "Unencodable", err.Error())
		return
	}
	sum := sha256.Sum256(text)
	etag := `"` + hex.EncodeToString(sum[:8]) + `"`
	w.Header().Set("Cache-Control", "public, max-age=30, stale-while-revalidate=60")
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	writeJSON(w, http.StatusOK, json.RawMessage(text))
}
