package view

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"atrium/clients"
	"atrium/clients/rawjson"
	"atrium/clients/schema"
)

// Outcome says how a part went. Outcomes are ordered: the greater is the worse.
type Outcome uint8

// The outcomes of a part.
const (
	OK        Outcome = iota // called, and answered
	Cached                   // answered from a cache, fresh
	Stale                    // answered from a cache, past its time
	Skipped                  // nothing to do, or given up because the view had failed already
	Defaulted                // failed, and the step's default stands in
	Failed                   // failed; an optional step's value is null
)

var outcomes = [...]string{"ok", "cached", "stale", "skipped", "defaulted", "failed"}

// String names the outcome as in headers, bodies and metrics.
func (o Outcome) String() string { return outcomes[o] }

// Counts are the elements of an each step by outcome; index it with an Outcome.
type Counts [len(outcomes)]int

// A Part is the outcome of one step.
type Part struct {
	Step    string
	Outcome Outcome       // of an each step the worst one
	Status  int           // the upstream's, where it made the part fail, 504 when time was up; 0 otherwise
	Reason  string        // "contract" when the answer was not what the operation declares; "" otherwise
	Elapsed time.Duration // 0 when nothing was called
	Age     time.Duration // of a cached or stale answer
	Counts  *Counts       // of an each step; nil otherwise
}

// Parts are the outcomes of a view's steps, in the order written.
type Parts []Part

// Degraded reports whether a part failed or was defaulted.
func (ps Parts) Degraded() bool {
	for i := range ps {
		if ps[i].Outcome >= Defaulted {
			return true
		}
	}
	return false
}

// Header writes the parts as the RFC 9651 dictionary of Atrium-Parts. Its keys are the steps' names in lower case,
// which is all that dictionary keys may be.
func (ps Parts) Header() string {
	var b []byte
	for i := range ps {
		p := &ps[i]
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, partKey(p.Step)...)
		b = append(b, '=')
		b = append(b, p.Outcome.String()...)
		if p.Status != 0 {
			b = strconv.AppendInt(append(b, ";status="...), int64(p.Status), 10)
		}
		if p.Reason != "" {
			b = append(append(b, ";reason="...), p.Reason...)
		}
		if p.reused() {
			b = strconv.AppendInt(append(b, ";age="...), int64(p.Age/time.Second), 10)
		} else if p.Outcome != Skipped {
			b = strconv.AppendInt(append(b, ";ms="...), p.Elapsed.Milliseconds(), 10)
		}
		if p.Counts != nil {
			for o, n := range p.Counts {
				if n > 0 {
					b = append(append(append(b, ';'), outcomes[o]...), '=')
					b = strconv.AppendInt(b, int64(n), 10)
				}
			}
		}
	}
	return string(b)
}

// AppendJSON appends what the name parts stands for.
func (ps Parts) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	for i := range ps {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(rawjson.AppendQuoted(dst, ps[i].Step), ':')
		dst = ps[i].appendJSON(dst)
	}
	return append(dst, '}')
}

func (p *Part) appendJSON(dst []byte) []byte {
	dst = append(append(append(dst, `{"outcome":"`...), p.Outcome.String()...), '"')
	if p.Status != 0 {
		dst = strconv.AppendInt(append(dst, `,"status":`...), int64(p.Status), 10)
	}
	if p.Reason != "" {
		dst = append(append(append(dst, `,"reason":"`...), p.Reason...), '"')
	}
	dst = strconv.AppendInt(append(dst, `,"ms":`...), p.Elapsed.Milliseconds(), 10)
	if p.reused() {
		dst = strconv.AppendInt(append(dst, `,"age":`...), int64(p.Age/time.Second), 10)
	}
	if p.Counts != nil {
		dst = append(dst, `,"counts":{`...)
		first := true
		for o, n := range p.Counts {
			if n == 0 {
				continue
			}
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = append(append(append(dst, '"'), outcomes[o]...), `":`...)
			dst = strconv.AppendInt(dst, int64(n), 10)
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

const reasonContract = "contract"

// blame notes what made the part fail.
func (p *Part) blame(err error) {
	p.Status, p.Reason = upstreamStatus(err), ""
	if c, ok := errors.AsType[*clients.Error](err); ok && c.Kind == clients.Contract {
		p.Reason = reasonContract
	}
}

func (p *Part) reused() bool { return p.Outcome == Cached || p.Outcome == Stale }

// partKey makes a step's name a dictionary key: lower case, and not beginning with an underscore.
func partKey(step string) string {
	key := strings.ToLower(step)
	if strings.HasPrefix(key, "_") {
		return "*" + key
	}
	return key
}

// partType is the type of one part. It is one and the same for all programs, so that it is one component of an API.
var partType = sync.OnceValue(func() *schema.Type {
	integer, outcome, reason := schema.Of(schema.Integer), schema.Of(schema.String), schema.Of(schema.String)
	reason.Enum = []string{strconv.Quote(reasonContract)}
	for _, o := range outcomes {
		outcome.Enum = append(outcome.Enum, strconv.Quote(o))
	}
	return &schema.Type{
		Kind: schema.Object, Name: "Part", Description: "How a part of the response came about.", Fields: []schema.Field{
			{Name: "outcome", Type: outcome, Required: true},
			{Name: "status", Type: integer, Description: "what the upstream answered, where that made the part fail, or 504 when time was up"},
			{Name: "reason", Type: reason, Description: "why the part failed where it was no status: its answer was not as promised"},
			{Name: "ms", Type: integer, Required: true, Description: "the time it took"},
			{Name: "age", Type: integer, Description: "of a cached or stale answer, in seconds"},
			{Name: "counts", Type: schema.MapOf(integer), Description: "of a list of calls: how many had which outcome"},
		},
	}
})

// partsType is the type of the name parts.
func partsType(steps []*Step) *schema.Type {
	t := &schema.Type{Kind: schema.Object}
	for _, s := range steps {
		t.Fields = append(t.Fields, schema.Field{Name: s.Name, Type: partType(), Required: true})
	}
	return t
}
