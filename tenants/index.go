package tenants

import (
	"hash/maphash"
	"iter"
	"maps"
	"slices"
)

// An index is an immutable map by name that is cheap to change a little: it is cut into shards by hash, and a change
// copies only the shards that it touches. With 100,000 names that is a hundred entries instead of all of them.
// The zero value is empty.
type index[V any] struct {
	seed   maphash.Seed
	shards []map[string]V
	length int
}

const shardCount = 1024

func (ix *index[V]) get(name string) (V, bool) {
	if ix.length == 0 {
		var zero V
		return zero, false
	}
	v, ok := ix.shards[maphash.String(ix.seed, name)%shardCount][name]
	return v, ok
}

func (ix *index[V]) len() int { return ix.length }

// all yields the entries in no particular order.
func (ix *index[V]) all() iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, shard := range ix.shards {
			for name, v := range shard {
				if !yield(name, v) {
					return
				}
			}
		}
	}
}

// names lists the names in order.
func (ix *index[V]) names() []string {
	names := make([]string, 0, ix.length)
	for name := range ix.all() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// edit starts a changed copy. The index itself stays as it is.
func (ix *index[V]) edit() *editor[V] {
	e := &editor[V]{index: *ix, own: make([]bool, shardCount)}
	if ix.shards == nil {
		e.seed = maphash.MakeSeed()
		e.shards = make([]map[string]V, shardCount)
	} else {
		e.shards = slices.Clone(ix.shards)
	}
	return e
}

// An editor is an index under change. Its index may be used once the changes have ended.
type editor[V any] struct {
	index[V]
	own []bool // shards copied already
}

func (e *editor[V]) shard(name string) map[string]V {
	i := maphash.String(e.seed, name) % shardCount
	if !e.own[i] {
		e.own[i] = true
		if e.shards[i] == nil {
			e.shards[i] = map[string]V{}
		} else {
			e.shards[i] = maps.Clone(e.shards[i])
		}
	}
	return e.shards[i]
}

func (e *editor[V]) set(name string, v V) {
	shard := e.shard(name)
	if _, ok := shard[name]; !ok {
		e.length++
	}
	shard[name] = v
}

func (e *editor[V]) delete(name string) {
	if e.length == 0 {
		return
	}
	shard := e.shard(name)
	if _, ok := shard[name]; ok {
		e.length--
		delete(shard, name)
	}
}
