package bff_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/errgroup"
)

// What the benchmarks of this package are held against: the code one would write by hand, without tenants, limits, traces or logs.

// The answers of the benchmarks' three upstreams: a person of 909 bytes, a list of 20 orders in 3 KB, and an object of 89 bytes.
var (
	personAnswer = filled(`{"id":9007199254740993,"name":{"first":"Ada","last":"Lovelace"},"email":"ada@example.org",`+
		`"address":{"street":"12 St James's Square","city":"London","zip":"SW1Y 4JH","geo":{"lat":51.5072,"lng":-0.1276}},`+
		`"company":{"id":7,"name":"Analytical Engines","catchPhrase":"weaves algebraic patterns"},"active":true`, 909)
	ordersAnswer = orderList(20, 3021)
	extraAnswer  = filled(`{"tier":"gold","points":1234567890`, 89)
)

// filled ends an object with a member that makes it n bytes long.
func filled(object string, n int) []byte {
	const more = `,"bio":"`
	return []byte(object + more + strings.Repeat("x", n-len(object)-len(more)-2) + `"}`)
}

func orderList(items, n int) []byte {
	var list [][]byte
	for i := range items {
		order := fmt.Sprintf(`{"id":%d,"title":"order %d","total":%d.50,"status":"open"`, 1000+i, i, i)
		list = append(list, filled(order, (n-len(`{"items":[]}`))/items-1))
	}
	var b strings.Builder
	b.WriteString(`{"items":[`)
	for i, order := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(order)
	}
	b.WriteString("]}")
	return []byte(b.String())
}

// constant answers every request with a body.
func constant(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
}

// handwritten is the view of the benchmarks as net/http, errgroup and typed encoding/json, and a reverse proxy beside it.
func handwritten(people, orders, extras string) http.Handler {
	transport := &http.Transport{MaxIdleConns: 1024, MaxIdleConnsPerHost: 128} // with the default of 2 it dials for nearly every call
	page := &pageHandler{client: &http.Client{Transport: transport}, people: people, orders: orders, extras: extras}
	target, err := url.Parse(people)
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /page/{id}", page)
	mux.Handle("GET /raw/", http.StripPrefix("/raw", &httputil.ReverseProxy{
		Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
	}))
	return mux
}

type pageHandler struct {
	client                 *http.Client
	people, orders, extras string
}

type person struct {
	ID      json.Number                  `json:"id"`
	Name    struct{ First, Last string } `json:"name"`
	Email   string                       `json:"email"`
	Address struct {
		City string                         `json:"city"`
		Geo  struct{ Lat, Lng json.Number } `json:"geo"`
	} `json:"address"`
}

type orderPage struct {
	Items []order `json:"items"`
}

type order struct {
	ID    json.Number `json:"id"`
	Title string      `json:"title"`
	Total json.Number `json:"total"`
}

type extra struct {
	Tier   string      `json:"tier"`
	Points json.Number `json:"points"`
	Bio    string      `json:"bio"`
}

type page struct {
	ID     json.Number `json:"id"`
	First  string      `json:"first"`
	Last   string      `json:"last"`
	Email  string      `json:"email"`
	City   string      `json:"city"`
	Lat    json.Number `json:"lat"`
	Orders []order     `json:"orders"`
	Extra  extra       `json:"extra"`
}

func (h *pageHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	id := url.PathEscape(r.PathValue("id"))
	var p person
	var o orderPage
	var e extra
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return h.get(ctx, h.people+"/people/"+id, &p) })
	g.Go(func() error { return h.get(ctx, h.orders+"/orders/"+id, &o) })
	g.Go(func() error { return h.get(ctx, h.extras+"/extras/"+id, &e) })
	if err := g.Wait(); err != nil {
		http.Error(w, "an upstream failed", http.StatusBadGateway)
		return
	}
	body, err := json.Marshal(page{
		ID: p.ID, First: p.Name.First, Last: p.Name.Last, Email: p.Email, City: p.Address.City, Lat: p.Address.Geo.Lat,
		Orders: o.Items, Extra: e,
	})
	if err != nil {
		http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

func (h *pageHandler) get(ctx context.Context, address string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// bareGin writes the bytes of a page.
func bareGin() http.Handler {
	body, err := json.Marshal(expectedPage())
	if err != nil {
		panic(err)
	}
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.GET("/cached/:id", func(c *gin.Context) { c.Data(http.StatusOK, "application/json", body) })
	return e
}

// expectedPage is the page made of the upstreams' answers.
func expectedPage() page {
	var p person
	var o orderPage
	var e extra
	err := errors.Join(json.Unmarshal(personAnswer, &p), json.Unmarshal(ordersAnswer, &o), json.Unmarshal(extraAnswer, &e))
	if err != nil {
		panic(err)
	}
	return page{
		ID: p.ID, First: p.Name.First, Last: p.Name.Last, Email: p.Email, City: p.Address.City, Lat: p.Address.Geo.Lat,
		Orders: o.Items, Extra: e,
	}
}
