package sessions

import (
	"container/list"
	"context"
	"slices"
	"sync"
	"time"
)

// The bounds of a Memory in bytes. Where one is reached the records go that were not used for longest.
const (
	maxBytes       = 256 << 20
	maxTenantBytes = 32 << 20 // of one kind: sign-ins that nobody ends do not displace sessions
	recordOverhead = 256      // what a record costs besides its bytes
)

// A Memory is a Store in the process: it ends with it. Make it with NewMemory.
type Memory struct {
	now            func() time.Time
	all, perTenant int

	mu      sync.Mutex
	records map[Key]*list.Element
	used    list.List         // of *record, the latest used in front
	groups  map[group]*holder // by tenant and kind
	locks   map[Key]time.Time // until when
	bytes   int
}

type group struct{ tenant, kind string }

type holder struct {
	used  list.List // of Key, the latest used in front
	bytes int
}

type record struct {
	key   Key
	value []byte
	until time.Time
	mine  *list.Element // in its holder
}

// NewMemory returns an empty store. now is the clock; nil means time.Now.
func NewMemory(now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	return &Memory{
		now: now, all: maxBytes, perTenant: maxTenantBytes,
		records: map[Key]*list.Element{}, groups: map[group]*holder{}, locks: map[Key]time.Time{},
	}
}

// Put implements Store.
func (m *Memory) Put(_ context.Context, k Key, value []byte, life time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(k)
	m.add(k, value, life)
	return nil
}

// Get implements Store.
func (m *Memory) Get(_ context.Context, k Key, life time.Duration) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.find(k)
	if e == nil {
		return nil, nil
	}
	r := recordOf(e)
	r.until = m.now().Add(life)
	m.used.MoveToFront(e)
	m.groups[k.group()].used.MoveToFront(r.mine)
	return slices.Clone(r.value), nil
}

// Replace implements Store.
func (m *Memory) Replace(_ context.Context, k Key, value []byte, life time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.find(k) == nil {
		return false, nil
	}
	m.remove(k)
	m.add(k, value, life)
	return true, nil
}

// Take implements Store.
func (m *Memory) Take(_ context.Context, k Key) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.find(k)
	if e == nil {
		return nil, nil
	}
	value := recordOf(e).value
	m.remove(k)
	return value, nil
}

// Lock implements Store.
func (m *Memory) Lock(_ context.Context, k Key, life time.Duration) (unlock func(context.Context), ok bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if until, held := m.locks[k]; held && now.Before(until) {
		return nil, false, nil
	}
	mine := now.Add(life)
	m.locks[k] = mine
	return func(context.Context) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.locks[k].Equal(mine) {
			delete(m.locks, k)
		}
	}, true, nil
}

func (k Key) group() group { return group{k.Tenant, k.Kind} }

func recordOf(e *list.Element) *record {
	r, _ := e.Value.(*record)
	return r
}

// find returns a record that still lives.
func (m *Memory) find(k Key) *list.Element {
	e := m.records[k]
	if e != nil && !m.now().Before(recordOf(e).until) {
		m.remove(k)
		return nil
	}
	return e
}

func (m *Memory) add(k Key, value []byte, life time.Duration) {
	h := m.groups[k.group()]
	if h == nil {
		h = new(holder)
		m.groups[k.group()] = h
	}
	r := &record{key: k, value: slices.Clone(value), until: m.now().Add(life), mine: h.used.PushFront(k)}
	m.records[k] = m.used.PushFront(r)
	h.bytes += r.size()
	m.bytes += r.size()
	for h.bytes > m.perTenant {
		last, _ := h.used.Back().Value.(Key)
		m.remove(last)
	}
	for m.bytes > m.all {
		m.remove(recordOf(m.used.Back()).key)
	}
	for e := m.used.Back(); e != nil && !m.now().Before(recordOf(e).until); e = m.used.Back() {
		m.remove(recordOf(e).key) // what nobody asks for again goes too
	}
}

func (m *Memory) remove(k Key) {
	e := m.records[k]
	if e == nil {
		return
	}
	r, h := recordOf(e), m.groups[k.group()]
	m.used.Remove(e)
	h.used.Remove(r.mine)
	delete(m.records, k)
	h.bytes -= r.size()
	m.bytes -= r.size()
	if h.used.Len() == 0 {
		delete(m.groups, k.group())
	}
}

func (r *record) size() int { return len(r.value) + recordOverhead }
