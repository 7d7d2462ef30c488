package upstreams

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
)

const (
	customerCount = 120
	orderCount    = 2400
	productCount  = 60
)

// today is the day that the data is of: fixed, so that every run has the same.
func today() time.Time { return time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC) }

// cents is an amount of money; as JSON it always has two digits behind the point.
type cents int64

// MarshalJSON implements json.Marshaler.
func (c cents) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%02d", c/100, c%100), nil
}

type amount struct {
	Net      cents  `json:"net"`
	VAT      cents  `json:"vat"`
	Gross    cents  `json:"gross"`
	Currency string `json:"currency"`
}

// gross splits an amount that includes 19 % VAT.
func gross(total cents) amount {
	net := (total*100 + 59) / 119
	return amount{Net: net, VAT: total - net, Gross: total, Currency: "EUR"}
}

type address struct {
	Street     string `json:"street"`
	PostalCode string `json:"postalCode"`
	City       string `json:"city"`
	Country    string `json:"country"`
}

type preferences struct {
	Language   string `json:"language"`
	Newsletter bool   `json:"newsletter"`
}

type person struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

type customer struct {
	ID          string      `json:"id"`
	LedgerID    int64       `json:"ledgerId"`
	FirstName   string      `json:"firstName"`
	LastName    string      `json:"lastName"`
	FullName    string      `json:"fullName"`
	Email       string      `json:"email"`
	Phone       *string     `json:"phone"`
	Segment     string      `json:"segment"`
	Since       string      `json:"since"`
	Points      int         `json:"points"`
	Address     address     `json:"address"`
	Preferences preferences `json:"preferences"`
	Manager     *person     `json:"manager,omitempty"`
}

type product struct {
	SKU         string   `json:"sku"`
	Name        string   `json:"name"`
	Category    string   `json:"category"`
	Description string   `json:"description"`
	Price       amount   `json:"price"`
	Rating      *float64 `json:"rating"`
}

type stock struct {
	SKU       string  `json:"sku"`
	Available int     `json:"available"`
	Warehouse string  `json:"warehouse"`
	RestockAt *string `json:"restockAt"`
}

type tracking struct {
	Carrier string `json:"carrier"`
	Number  int64  `json:"number"`
}

type line struct {
	SKU      string `json:"sku"`
	Product  string `json:"product"`
	Quantity int    `json:"quantity"`
	Amount   amount `json:"amount"`
}

type order struct {
	ID         string     `json:"id"`
	CustomerID string     `json:"customerId"`
	Status     string     `json:"status"`
	SKU        string     `json:"sku"`
	Lines      []line     `json:"lines"`
	Amount     amount     `json:"amount"`
	PlacedAt   time.Time  `json:"placedAt"`
	ShippedAt  *time.Time `json:"shippedAt"`
	Tracking   *tracking  `json:"tracking"`
}

// business is the data of one tenant.
type business struct {
	tenant   string
	products []product          // by name; never changed
	bySKU    map[string]product // likewise

	mu        sync.RWMutex
	customers map[string]customer
	byName    []string          // customers' ids
	stock     map[string]*stock // by SKU
	orders    []order           // newest first
	nextOrder int
}

// newBusiness makes the data of a tenant.
func newBusiness(tenant string) *business {
	hash := fnv.New64a()
	hash.Write([]byte(tenant))
	random := rand.New(rand.NewPCG(hash.Sum64(), 1))
	b := &business{
		tenant: tenant, bySKU: map[string]product{}, customers: map[string]customer{}, stock: map[string]*stock{},
		nextOrder: 100_001 + orderCount,
	}
	ranges := assortments()
	// The demo's tenants differ visibly; any other name has one of the ranges.
	kind := map[string]int{"acme": 0, "globex": 1}
	at, ok := kind[tenant]
	if !ok {
		at = int(hash.Sum64() % uint64(len(ranges)))
	}
	b.makeProducts(random, ranges[at])
	b.makeCustomers(random)
	b.makeOrders(random)
	return b
}

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }

func (b *business) makeProducts(random *rand.Rand, sells assortment) {
	used := map[string]bool{}
	for len(b.products) < productCount {
		c := len(b.products) % len(sells.categories)
		noun := pick(random, sells.nouns[c])
		name := pick(random, adjectives()) + " " + noun
		if used[name] {
			continue
		}
		used[name] = true
		p := product{
			SKU: fmt.Sprintf("SKU-%d", 1001+len(b.products)), Name: name, Category: sells.categories[c],
			Description: fmt.Sprintf("%s from our %s range.", noun, sells.categories[c]),
			Price:       gross(cents(random.IntN(290)+10)*100 - 10),
		}
		if random.IntN(8) > 0 {
			rating := float64(random.IntN(21)+30) / 10
			p.Rating = &rating
		}
		b.products = append(b.products, p)
		b.bySKU[p.SKU] = p
		s := &stock{SKU: p.SKU, Available: random.IntN(220), Warehouse: pick(random, places()).city}
		if len(b.products) == 1 { // what the demo's examples order
			s.Available = 500
		}
		if s.Available < 20 {
			day := today().AddDate(0, 0, random.IntN(20)+2).Format(time.DateOnly)
			s.RestockAt = &day
		}
		b.stock[p.SKU] = s
	}
	slices.SortFunc(b.products, func(x, y product) int { return strings.Compare(x.Name, y.Name) })
}

func (b *business) makeCustomers(random *rand.Rand) {
	used := map[string]bool{}
	for len(b.customers) < customerCount {
		first, last := pick(random, firstNames()), pick(random, lastNames())
		if used[first+last] {
			continue
		}
		used[first+last] = true
		n := len(b.customers) + 1
		where := pick(random, places())
		c := customer{
			ID: strconv.Itoa(n), LedgerID: 9_007_199_254_740_993 + int64(n)*7, // beyond what a double holds exactly
			FirstName: first, LastName: last, FullName: first + " " + last,
			Email:   ascii(first) + "." + ascii(last) + "@example.com",
			Segment: segments()[[]int{0, 0, 0, 1, 1, 2}[random.IntN(6)]],
			Since:   today().AddDate(0, 0, -random.IntN(3000)-30).Format(time.DateOnly),
			Points:  random.IntN(5000),
			Address: address{
				Street:     fmt.Sprintf("%s %d", pick(random, streets()), random.IntN(120)+1),
				PostalCode: where.postalCode, City: where.city, Country: where.country,
			},
			Preferences: preferences{Language: where.language, Newsletter: random.IntN(2) == 0},
		}
		if random.IntN(4) > 0 {
			phone := fmt.Sprintf("+49 30 555%04d", random.IntN(10_000))
			c.Phone = &phone
		}
		if c.Segment == "business" {
			name := pick(random, firstNames())
			c.Manager = &person{Name: name, Email: ascii(name) + "@" + b.tenant + ".example.com"}
		}
		b.customers[c.ID] = c
		b.byName = append(b.byName, c.ID)
	}
	slices.SortFunc(b.byName, func(x, y string) int {
		return cmp.Or(strings.Compare(b.customers[x].LastName, b.customers[y].LastName), strings.Compare(x, y))
	})
}

func (b *business) makeOrders(random *rand.Rand) {
	b.orders = make([]order, 0, orderCount)
	at := today().Add(18 * time.Hour)
	for i := range orderCount {
		at = at.Add(-time.Duration(random.IntN(240)+5) * time.Minute)
		of := random.IntN(customerCount) + 1
		if i < customerCount { // everybody has ordered something lately
			of = i + 1
		}
		o := order{ID: strconv.Itoa(100_000 + orderCount - i), CustomerID: strconv.Itoa(of), PlacedAt: at, Status: "delivered"}
		for range []int{1, 1, 1, 2, 2, 3}[random.IntN(6)] {
			o.add(pick(random, b.products), []int{1, 1, 1, 2, 3, 5}[random.IntN(6)])
		}
		switch age := today().Sub(at); {
		case random.IntN(12) == 0:
			o.Status = "cancelled"
		case age < 24*time.Hour:
			o.Status = pick(random, []string{"pending", "paid"})
		case age < 5*24*time.Hour:
			o.Status = pick(random, []string{"paid", "shipped"})
		case random.IntN(20) == 0:
			o.Status = "returned"
		}
		if o.Status == "shipped" || o.Status == "delivered" || o.Status == "returned" {
			shipped := at.Add(time.Duration(random.IntN(40)+6) * time.Hour)
			o.ShippedAt = &shipped
			o.Tracking = &tracking{pick(random, []string{"DHL", "GLS", "PostNL"}), 3_400_000_000_000_000_000 + random.Int64N(1e17)}
		}
		b.orders = append(b.orders, o)
	}
}

// add puts a line onto an order.
func (o *order) add(p product, quantity int) {
	l := line{SKU: p.SKU, Product: p.Name, Quantity: quantity, Amount: gross(p.Price.Gross * cents(quantity))}
	o.Lines = append(o.Lines, l)
	o.SKU = o.Lines[0].SKU
	o.Amount = gross(o.Amount.Gross + l.Amount.Gross)
}

// ascii makes a name fit for an address.
func ascii(name string) string {
	plain := strings.NewReplacer("ł", "l", "ø", "o", "ü", "u", "ö", "o", "é", "e", "è", "e", "ë", "e", "ã", "a", "á", "a",
		"ą", "a", "ó", "o", "í", "i", "ı", "i").Replace(strings.ToLower(name))
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) {
			return -1
		}
		return r
	}, plain)
}
