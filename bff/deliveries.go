package bff

import (
	"container/list"
	"sync"
	"time"

	"atrium/bff/proxy"
	"atrium/tenants"
)

// deliveries remembers the webhooks that were taken, for as long as a replay of one would pass the tolerance, and at least the newest.
// Each replica remembers its own.
type deliveries struct {
	mu    sync.Mutex
	order *list.List // of *delivery, oldest first
	seen  map[deliveryKey]*list.Element
}

type deliveryKey struct {
	tenant tenants.ID
	id     string
}

type delivery struct {
	key deliveryKey
	at  time.Time
}

// maxDeliveries bounds what is remembered; the oldest are forgotten first.
const maxDeliveries = 100_000

func newDeliveries() *deliveries {
	return &deliveries{order: list.New(), seen: make(map[deliveryKey]*list.Element)}
}

// once reports whether a delivery comes for the first time.
func (d *deliveries) once(tenant tenants.ID, id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := deliveryKey{tenant, id}
	if _, ok := d.seen[key]; ok {
		return false
	}
	now := time.Now()
	for e := d.order.Front(); e != nil; e = d.order.Front() {
		oldest, ok := e.Value.(*delivery)
		if !ok || now.Sub(oldest.at) < 2*proxy.Tolerance && d.order.Len() < maxDeliveries {
			break
		}
		delete(d.seen, oldest.key)
		d.order.Remove(e)
	}
	d.seen[key] = d.order.PushBack(&delivery{key: key, at: now})
	return true
}
