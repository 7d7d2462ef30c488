package view

import (
	"sync"
	"sync/atomic"

	"atrium/bff/expr"
	"atrium/clients/rawjson"
	"atrium/clients/schema"
)

// A Program is a compiled view. It is immutable and shared by all tenants of an API revision.
type Program struct {
	Steps []*Step // in the order written

	Path         []Param // the pattern's parameters, in its order
	Query        []Param // sorted by name; what is not here does not exist for the view
	Body         *schema.Type
	BodyRequired bool

	Status   int          // what it answers with; 0 when a hole says so
	Response *schema.Type // of the body
	Members  []Member     // the response's top-level fields; nil when it is not an object with known fields

	// Fields are the members of path, query, header, body, user, tenant and vars that any hole mentions, sorted, such as
	// "query.page", "vars.brand" and "user.id"; a name that is used as a whole is "user.*".
	Fields []string

	slots    int // of an Env
	inputs   inputs
	plans    []*plan    // by step
	roots    []*binding // by slot, nil where no path leads into it
	rows     int
	scanners int
	first    []int       // the steps that wait for none
	parallel bool        // calls may run at once
	parts    int         // the slot of parts
	pieces   []pieceCode // by member
	opening  []int       // the slots that status and headers mention
	// usesParts says that a hole mentions parts.
	usesParts bool
	response  code
	status    *code
	headers   []header
	tags      []*expr.Value // of the route's cache
	purges    []*expr.Value

	frames sync.Pool    // of *frame
	size   atomic.Int64 // of recent bodies, so that the next one is allocated once
}

// A binding is a name whose value is a row that paths pick from.
type binding struct {
	row     int // its place in frame.rows
	scanner int // its place in frame.scanners, for what is scanned as a whole
	trie    *rawjson.Trie
	used    bool     // a path leads into it
	reading *reading // nil where nothing is promised
}

// A code makes one JSON value.
type code struct {
	ops   []op
	typ   *schema.Type
	names []string // the roots mentioned
}

type opcode uint8

const (
	opText   opcode = iota // append text
	opCopy                 // append what the row's column holds
	opSlot                 // append what the slot holds
	opValue                // append what an expression gives
	opComma                // append a comma, unless nothing is before it
	opUnless               // jump when the condition does not hold
	opLoop                 // append a list, an element for each row
	opSpread               // append the members of an object
	opMember               // append text, a name, and the value of member, unless it is null
)

type op struct {
	code   opcode
	row    int32 // opCopy: the row; opSlot: the slot; opUnless: where to
	column int32
	text   []byte
	value  *expr.Value // opValue, opUnless
	loop   *loop
	spread *spread
	member *code
}

// A loop is a $each.
type loop struct {
	list     op    // opCopy, opSlot or opValue
	outer    int32 // the row that holds the rows; -1 when the list is scanned on its own
	rows     *rawjson.Trie
	scanner  int // for a list scanned on its own
	own      *rawjson.Trie
	pairs    bool // over the members of an object
	nullable bool // the list may be null

	slot, keySlot int // of the loop's names; keySlot is -1 when there is one name
	element       *binding
	where         *expr.Value
	sort          []sortKey
	limit         *code
	body          []op
	place         string // where it is written, for errors
}

type sortKey struct {
	by   code
	desc bool
}

// A spread is a $spread.
type spread struct {
	object code
	except map[string]struct{} // written beside it
	place  string
}

type header struct {
	name  string
	value code
}

// A frame is what a run keeps while it lasts; it is used again by later ones.
type frame struct {
	env      expr.Env
	rows     []rawjson.Row
	scanners []rawjson.Scanner
	pending  []atomic.Int32 // by step: the steps it still waits for
}

func (p *Program) frame() *frame {
	if f, ok := p.frames.Get().(*frame); ok {
		return f
	}
	return &frame{
		env:      make(expr.Env, p.slots),
		rows:     make([]rawjson.Row, p.rows),
		scanners: make([]rawjson.Scanner, p.scanners),
		pending:  make([]atomic.Int32, len(p.plans)),
	}
}

// release lets go of everything that the run has seen.
func (p *Program) release(f *frame) {
	clear(f.env)
	clear(f.rows)
	for i := range f.scanners {
		f.scanners[i].Reset()
	}
	p.frames.Put(f)
}

// set gives a slot its value and picks from it what paths ask for. The error is rawjson's.
func (p *Program) set(f *frame, slot int, value []byte) error {
	f.env[slot] = value
	b := p.roots[slot]
	if b == nil || !b.used {
		return nil
	}
	if value == nil {
		value = null
	}
	row, err := f.scanners[b.scanner].Scan(b.trie, value)
	if err != nil {
		return err
	}
	f.rows[b.row] = row
	return nil
}

var null = []byte("null")
