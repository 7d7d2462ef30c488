package limit

import (
	"context"
	"sync"
	"time"

	"atrium/tenants"
	"atrium/tenants/document"
)

// tokens keep books of model tokens in fixed windows: a window is a number, the time divided by its length, so that what
// is settled late cannot touch a window that it was not reserved in.
type tokens struct {
	fleet *fleet // nil: only here
	now   func() time.Time

	mu    sync.Mutex
	books map[book]*page // this replica's own; as many as tenants have rates
	debts []debt         // settlements that Redis could not be told
}

type book struct {
	tenant tenants.ID
	window time.Duration
}

type page struct{ no, used, reserved int64 }

// debt is a settlement to be told.
type debt struct {
	keys []string
	args []any
}

// maxDebts bounds the settlements kept for Redis; beyond it the reservation stays, until its window ends.
const maxDebts = 4096

// A Reservation holds tokens until it is settled.
type Reservation struct {
	tokens *tokens
	tenant tenants.ID
	rates  []document.Rate
	n      int64
	local  []int64 // window numbers here
	shared []int64 // window numbers in Redis; nil: it was reserved here alone
	once   sync.Once
}

// Reserve sets n model tokens aside in the current window of every rate, or in none. The caller settles the reservation.
// The error is *Exceeded; its RetryAfter is zero when n is more than a whole window holds.
func (l *Limiter) Reserve(ctx context.Context, tenant tenants.ID, rates []document.Rate, n int64) (*Reservation, error) {
	t := &l.tokens
	r := &Reservation{tokens: t, tenant: tenant, rates: rates, n: max(n, 0)}
	if len(rates) == 0 {
		return r, nil
	}
	for _, rate := range rates {
		if r.n > rate.Quota {
			return nil, exceededTokens(rate, 0)
		}
	}
	quota := func(r document.Rate) int64 { return r.Quota }
	if t.fleet != nil {
		refused, err := t.reserveShared(ctx, r)
		if refused != nil {
			return nil, refused
		}
		if err == nil {
			quota = func(document.Rate) int64 { return 1 << 62 } // decided; what is noted here is for an outage
		} else {
			quota = func(r document.Rate) int64 { return t.fleet.share(r.Quota) }
		}
	}
	if i, rest := t.reserve(r, quota); i >= 0 {
		return nil, exceededTokens(rates[i], rest)
	}
	return r, nil
}

func exceededTokens(r document.Rate, after time.Duration) error {
	return &Exceeded{Code: CodeTokens, RetryAfter: after, what: r.String() + " model tokens"}
}

// Settle replaces what was reserved by what was used. Only the first call counts. It never fails: what Redis cannot be
// told now it is told later.
func (r *Reservation) Settle(ctx context.Context, used int64) {
	r.once.Do(func() {
		if len(r.rates) > 0 {
			r.tokens.settle(context.WithoutCancel(ctx), r, max(used, 0))
		}
	})
}

// reserve books in this replica's own pages, or tells which rate refuses and for how long.
func (t *tokens) reserve(r *Reservation, quota func(document.Rate) int64) (refused int, rest time.Duration) {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	pages := make([]*page, len(r.rates))
	for i, rate := range r.rates {
		p := t.pageLocked(r.tenant, rate, now)
		if p.used+p.reserved+r.n > quota(rate) {
			return i, time.Duration((p.no+1)*int64(rate.Window) - now.UnixNano())
		}
		pages[i] = p
	}
	r.local = make([]int64, len(pages))
	for i, p := range pages {
		p.reserved += r.n
		r.local[i] = p.no
	}
	return -1, 0
}

// pageLocked returns the page of the current window.
func (t *tokens) pageLocked(tenant tenants.ID, rate document.Rate, now time.Time) *page {
	b := book{tenant, rate.Window}
	p := t.books[b]
	if p == nil {
		if t.books == nil {
			t.books = map[book]*page{}
		}
		p = new(page)
		t.books[b] = p
	}
	if no := now.UnixNano() / int64(rate.Window); no != p.no {
		*p = page{no: no}
	}
	return p
}

func (t *tokens) reserveShared(ctx context.Context, r *Reservation) (refused, err error) {
	args := []any{r.n}
	for _, rate := range r.rates {
		args = append(args, rate.Quota, rate.Window.Milliseconds())
	}
	reply, err := t.fleet.run(ctx, reserveScript, r.keys(), args...)
	switch {
	case err != nil:
		return nil, err
	case reply[0] > 0 && int(reply[0]) <= len(r.rates) && len(reply) == 2:
		return exceededTokens(r.rates[reply[0]-1], time.Duration(reply[1])*time.Millisecond), nil
	case len(reply) != 1+len(r.rates):
		return nil, errShape
	}
	r.shared = reply[1:]
	return nil, nil
}

func (r *Reservation) keys() []string {
	keys := make([]string, len(r.rates))
	for i, rate := range r.rates {
		keys[i] = tokensKey(r.tenant, rate.Window)
	}
	return keys
}

func (t *tokens) settle(ctx context.Context, r *Reservation, used int64) {
	t.mu.Lock()
	now := t.now()
	for i, rate := range r.rates {
		if p := t.pageLocked(r.tenant, rate, now); p.no == r.local[i] {
			p.used += used
			p.reserved = max(p.reserved-r.n, 0)
		}
	}
	t.mu.Unlock()
	if r.shared == nil {
		return
	}
	d := debt{keys: r.keys(), args: []any{r.n, used}}
	for _, no := range r.shared {
		d.args = append(d.args, no)
	}
	if _, err := t.fleet.run(ctx, settleScript, d.keys, d.args...); err != nil {
		t.owe(d)
	}
}

func (t *tokens) owe(d debt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.debts) < maxDebts {
		t.debts = append(t.debts, d)
	}
}

// payDebts tells Redis the settlements that it missed. One that it took without saying so is told twice: the error is on
// the side of the stricter limit.
func (t *tokens) payDebts(ctx context.Context) {
	t.mu.Lock()
	debts := t.debts
	t.debts = nil
	t.mu.Unlock()
	for i, d := range debts {
		if _, err := t.fleet.run(ctx, settleScript, d.keys, d.args...); err != nil {
			t.mu.Lock()
			t.debts = append(t.debts, debts[i:]...)
			t.mu.Unlock()
			return
		}
	}
}

// usage of the current window, on all replicas or on this one when Redis does not answer.
func (t *tokens) usage(ctx context.Context, tenant tenants.ID, rate document.Rate) TokenUsage {
	if t.fleet != nil {
		key := tokensKey(tenant, rate.Window)
		if reply, err := t.fleet.run(ctx, usageScript, []string{key}, rate.Window.Milliseconds()); err == nil && len(reply) == 2 {
			return TokenUsage{Used: reply[0], Reserved: reply[1]}
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.books[book{tenant, rate.Window}]
	if p == nil || p.no != t.now().UnixNano()/int64(rate.Window) {
		return TokenUsage{}
	}
	return TokenUsage{Used: p.used, Reserved: p.reserved}
}
