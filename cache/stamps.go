package cache

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zeebo/xxh3"
)

// An epoch changes when what it covers is purged: hard when it may never be used again, soft when it is merely stale.
// Both are microseconds of the clock that made them, but are only ever compared for equality.
type epoch struct{ soft, hard int64 }

// A stamp is the epoch of a field at the time a fill began.
type stamp struct {
	field uint16
	epoch
}

// Fields of a scope: the whole of it, and buckets of its tags. Buckets bound what a tenant can make us remember; the
// price is that one purge in 4096 also refreshes entries of an unrelated tag.
const (
	fieldAll   = uint16(0)
	tagBuckets = 4096
)

func tagField(tag string) uint16 { return 1 + uint16(xxh3.HashString(tag)%tagBuckets) }

// fieldsOf returns the sorted fields that an entry with these tags depends on.
func fieldsOf(tags []string) []uint16 {
	fields := make([]uint16, 1, 1+len(tags))
	fields[0] = fieldAll
	for _, tag := range tags {
		fields = append(fields, tagField(tag))
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

// ledger is where the epochs of all replicas are: Redis, or a table of this process.
type ledger interface {
	// read returns the scope's sequence and the epochs of want's fields. What is missing is made from the clock; what
	// is older than in want is raised to it, so that a server that lost writes learns of them again.
	read(ctx context.Context, scope string, want []stamp) (seq int64, got []stamp, err error)
	// bump changes the epochs of fields, and tells the other replicas.
	bump(ctx context.Context, scope string, fields []uint16, soft bool) (change, error)
	// sequences returns a number for each scope that changes with every bump and with the loss of the scope's epochs.
	sequences(ctx context.Context, scopes []string) ([]int64, error)
}

// change is what a bump did. The sequence of a bump is at least as high as every epoch it set.
type change struct {
	prev, seq int64
	stamps    []stamp
}

// slot is what this replica knows of a field.
type slot struct {
	epoch
	local bool // made here while the ledger could not be reached; never told to it
}

// vector is what this replica knows of a scope's epochs.
type vector struct {
	mu      sync.RWMutex
	seq     int64 // of the ledger, when slots were last known to be all that there is
	slots   map[uint16]slot
	pending map[uint16]debt // purges that the ledger has not heard of
	checked atomic.Int64    // when the ledger last confirmed seq
}

// debt is a purge that the ledger is still to be told of.
type debt struct {
	soft bool
	at   int64 // tells it from a later purge of the same field
}

// blindness is for how long an entry is used while the ledger cannot confirm that it was not purged.
const blindness = time.Minute

// standing compares stamps with what is known. It allocates nothing.
func (v *vector) standing(stamps []stamp) standing {
	v.mu.RLock()
	defer v.mu.RUnlock()
	worst := valid
	for i := range stamps {
		s := &stamps[i]
		known, ok := v.slots[s.field]
		switch {
		case !ok:
			worst = max(worst, unknown)
		case known.epoch == s.epoch:
		case known.hard == s.hard:
			worst = max(worst, soft)
		default:
			return purged
		}
	}
	return worst
}

// known returns stamps for those fields that are known, and the others.
func (v *vector) known(fields []uint16) (stamps, missing []stamp, seq int64) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	stamps = make([]stamp, 0, len(fields))
	for _, f := range fields {
		if s, ok := v.slots[f]; ok {
			stamps = append(stamps, stamp{f, s.epoch})
		} else {
			missing = append(missing, stamp{field: f})
		}
	}
	return stamps, missing, v.seq
}

// learn takes in what the ledger told and returns what is known now. Epochs only grow, so that messages and answers may
// come in any order; what was made here in the ledger's absence gives way.
func (v *vector) learn(told []stamp) []stamp {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.slots == nil {
		v.slots = make(map[uint16]slot, len(told))
	}
	now := make([]stamp, len(told))
	for i, s := range told {
		old, had := v.slots[s.field]
		if _, owed := v.pending[s.field]; owed {
			now[i] = stamp{s.field, old.epoch} // the ledger does not know the latest purge yet
			continue
		}
		next := slot{epoch: s.epoch}
		if had && !old.local {
			next.soft, next.hard = max(next.soft, old.soft), max(next.hard, old.hard)
		}
		v.slots[s.field] = next
		now[i] = stamp{s.field, next.epoch}
	}
	return now
}

// invent makes epochs here, for fields that are not known and cannot be asked for.
func (v *vector) invent(fields []stamp, tick func() int64) []stamp {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.slots == nil {
		v.slots = make(map[uint16]slot, len(fields))
	}
	now := make([]stamp, len(fields))
	for i, s := range fields {
		known, ok := v.slots[s.field]
		if !ok {
			t := tick()
			known = slot{epoch: epoch{t, t}, local: true}
			v.slots[s.field] = known
		}
		now[i] = stamp{s.field, known.epoch}
	}
	return now
}

// unchanged reports whether a field has kept its epoch since a fill began, as far as is known here.
func (v *vector) unchanged(field uint16, seq, began int64) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	s, ok := v.slots[field]
	since := seq
	if s.local {
		since = began
	}
	return !ok || max(s.soft, s.hard) <= since
}

// owe purges here what the ledger cannot be told now, and remembers to tell it.
func (v *vector) owe(fields []uint16, softly bool, tick func() int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.slots == nil {
		v.slots = make(map[uint16]slot, len(fields))
	}
	if v.pending == nil {
		v.pending = make(map[uint16]debt, len(fields))
	}
	for _, f := range fields {
		s, t := v.slots[f], tick()
		if s.soft, s.local = t, true; !softly {
			s.hard = t
		}
		v.slots[f] = s
		before, had := v.pending[f]
		v.pending[f] = debt{soft: softly && (!had || before.soft), at: t}
	}
}

// debts returns what the ledger is to be told.
func (v *vector) debts() map[uint16]debt {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return maps.Clone(v.pending)
}

// paid forgets debts that were told, unless a later purge renewed them.
func (v *vector) paid(told map[uint16]debt) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for f, d := range told {
		if v.pending[f] == d {
			delete(v.pending, f)
		}
	}
}

// all returns every field with what the ledger may be told of it.
func (v *vector) all() []stamp {
	v.mu.RLock()
	defer v.mu.RUnlock()
	stamps := make([]stamp, 0, len(v.slots))
	for f, s := range v.slots {
		if s.local {
			s.epoch = epoch{}
		}
		stamps = append(stamps, stamp{f, s.epoch})
	}
	return stamps
}

// advance notes that slots hold all that the ledger knew at seq. A message brings the vector from prev to seq; when it
// missed one before, the next poll finds out.
func (v *vector) advance(prev, seq int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if prev == v.seq {
		v.seq = seq
	}
}

func (v *vector) sequence() int64 {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.seq
}

// reset forgets what can be asked for again.
func (v *vector) reset() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seq, v.slots = 0, nil
	v.checked.Store(0)
	for f, d := range v.pending {
		if v.slots == nil {
			v.slots = make(map[uint16]slot, len(v.pending))
		}
		v.slots[f] = slot{epoch: epoch{d.at, d.at}, local: true}
	}
}
