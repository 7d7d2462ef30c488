package view

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"atrium/bff/expr"
)

// A Piece is a top-level field of a response that is sent before the rest is known.
type Piece struct {
	Member string
	Value  []byte      // valid JSON, the same that the body will have
	Header http.Header // of the answer, as Result.Header: the same for every piece
}

// Stream is Run, and gives send each member of the response as soon as the steps that it mentions have ended. Members
// that mention none go with the first that does, so that until then a failure can still be answered as what it is.
// Nothing is sent of an answer whose status is not 200. send is called by one goroutine at a time, which it must not
// keep waiting, and not after Stream has returned.
func (p *Program) Stream(ctx context.Context, in *Input, caller Caller, send func(Piece)) (*Result, error) {
	return p.run(ctx, in, caller, &stream{send: send, waits: make([]int, len(p.Members))})
}

// A stream is what a run knows of the pieces that it sends.
type stream struct {
	send func(Piece)

	mu     sync.Mutex
	waits  []int // by member: the steps that it still waits for; done once it was sent
	opened bool
	silent bool // the status is not 200, or the view has failed
	header http.Header
}

// done marks a member that was sent, or left out.
const done = -1

// A pieceCode makes a member's value on its own: a part of the response's code.
type pieceCode struct {
	condition *expr.Value // of $if; nil when the member is always there
	from, to  int         // its ops in the response
	waits     int         // how many steps it waits for
	slots     []int       // what it reads besides the names of the request
	late      bool        // it waits for the names that are known when all steps have ended
}

// begin notes what each member waits for.
func (s *stream) begin(p *Program) {
	for m := range p.pieces {
		s.waits[m] = p.pieces[m].waits
		if p.pieces[m].late {
			s.waits[m]++
		}
	}
}

// ended sends the members that waited for step i only.
func (r *run) ended(ctx context.Context, i int) {
	s := r.stream
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range r.p.plans[i].members {
		if s.waits[m]--; s.waits[m] > 0 {
			continue
		}
		if err := r.give(ctx, m); err != nil {
			s.silent = true
			if r.failure.CompareAndSwap(nil, &StepError{Err: err}) {
				r.stop(errFailed)
			}
		}
	}
}

// rest sends the members that are left when all steps have ended, and parts are known.
func (r *run) rest(ctx context.Context) error {
	s := r.stream
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for m := range s.waits {
		if err := r.give(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// give sends a member, and before the first one those that wait for nothing.
func (r *run) give(ctx context.Context, m int) error {
	s := r.stream
	ctx, cancel, err := rendering(ctx)
	if err != nil || s.silent || s.waits[m] == done {
		return nil // the client has left, or the view has failed: whoever ends the run says so
	}
	defer cancel()
	if !s.opened {
		if err := r.open(ctx); err != nil || s.silent {
			return err
		}
		for other := range s.waits {
			if s.waits[other] != 0 || other == m {
				continue
			}
			if err := r.piece(ctx, other); err != nil {
				return err
			}
		}
	}
	return r.piece(ctx, m)
}

// open finds out the status and the headers: nobody gives a member before they are known.
func (r *run) open(ctx context.Context) error {
	s, e := r.stream, r.evalOf(r.p.opening)
	s.opened = true
	status, err := e.status(ctx, r.p)
	if err != nil {
		return err
	}
	s.silent = status != http.StatusOK
	s.header, err = e.header(ctx, r.p.headers)
	return err
}

func (r *run) piece(ctx context.Context, m int) error {
	c := &r.p.pieces[m]
	r.stream.waits[m] = done
	e := r.evalOf(c.slots)
	if c.condition != nil {
		if holds, err := c.condition.Bool(ctx, e.env); err != nil || !holds {
			return err
		}
	}
	value, err := e.between(ctx, r.p.response.ops[:c.to], c.from, nil)
	if err != nil {
		return err
	}
	r.stream.send(Piece{Member: r.p.Members[m].Name, Value: value, Header: r.stream.header})
	return nil
}

// evalOf is an eval that reads no slots but those given: the others may be written meanwhile.
func (r *run) evalOf(slots []int) *eval { return &eval{frame: r.frame, env: r.ownEnv(slots)} }

// rendering is the context for making values of answers. The deadline of ctx is that of the steps: what they brought in
// time is answered. The error is the cause of a context that was cancelled.
func rendering(ctx context.Context) (context.Context, context.CancelFunc, error) {
	switch err := ctx.Err(); {
	case err == nil:
		return ctx, func() {}, nil
	case !errors.Is(err, context.DeadlineExceeded):
		return nil, nil, context.Cause(ctx)
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), lateRender)
	return late, cancel, nil
}
