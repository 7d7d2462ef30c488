package view

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"atrium/bff/expr"
	"atrium/clients"
	"atrium/clients/rawjson"
	"atrium/clients/rest"
)

// A plan is how a step is run.
type plan struct {
	step       *Step
	slot       int
	waits      int   // how many steps it waits for
	after      []int // the slots of these
	dependents []int // the steps that wait for it
	members    []int // of the response, which wait for it
	args       args
	loops      bool      // its arguments have loops
	fan        *fan      // nil unless Each
	contract   *contract // nil when nothing is promised of what is read
}

// A run is one execution of a Program.
type run struct {
	*frame
	p       *Program
	caller  Caller
	cancel  context.CancelCauseFunc // nil when calls cannot run at once
	parts   Parts
	stream  *stream // nil when nothing is sent before the end
	wg      sync.WaitGroup
	failure atomic.Pointer[StepError]
	panic   atomic.Pointer[trapped]
}

type trapped struct {
	value any
	stack []byte
}

// Run makes the calls of a view and its response. It returns after everything that it started has ended. The deadline
// of ctx bounds the steps: an optional step that misses it counts as failed. The error is a *StepError.
func (p *Program) Run(ctx context.Context, in *Input, caller Caller) (*Result, error) {
	return p.run(ctx, in, caller, nil)
}

func (p *Program) run(ctx context.Context, in *Input, caller Caller, s *stream) (*Result, error) {
	f := p.frame()
	defer p.release(f)
	if err := p.take(f, in); err != nil {
		return nil, &StepError{Err: err}
	}
	r := &run{frame: f, p: p, caller: caller, parts: make(Parts, len(p.plans)), stream: s}
	if s != nil {
		s.begin(p)
	}
	for i, pl := range p.plans {
		r.parts[i] = Part{Step: pl.step.Name, Outcome: Skipped}
	}
	calls := ctx
	if p.parallel {
		calls, r.cancel = context.WithCancelCause(ctx)
		defer r.cancel(nil)
	}
	r.steps(calls)
	if err := r.failure.Load(); err != nil {
		err.Parts = r.parts
		return nil, err
	}
	ctx, cancel, err := rendering(ctx)
	if err != nil {
		return nil, &StepError{Err: err, Parts: r.parts}
	}
	defer cancel()
	result, err := r.respond(ctx)
	if err != nil {
		return nil, &StepError{Err: err, Parts: r.parts}
	}
	return result, nil
}

// lateRender bounds the making of a response after the deadline of its steps.
const lateRender = time.Second

// take gives the names of the request their values.
func (p *Program) take(f *frame, in *Input) error {
	for slot, value := range in.env {
		if err := p.set(f, slot, value); err != nil {
			return err
		}
	}
	return nil
}

// steps runs all steps.
func (r *run) steps(ctx context.Context) {
	if len(r.p.plans) == 0 {
		return
	}
	for i, pl := range r.p.plans {
		r.pending[i].Store(int32(pl.waits))
	}
	r.begin(ctx)
	r.wg.Wait()
	if t := r.panic.Load(); t != nil {
		panic(fmt.Sprintf("%v\n\n%s", t.value, t.stack))
	}
}

// follow runs a step, and then, on the same goroutine, one of those that waited for it.
func (r *run) follow(ctx context.Context, i int) {
	for i >= 0 && r.step(ctx, i) {
		r.ended(ctx, i)
		i = r.next(ctx, i)
	}
}

// next starts what waited for step i only, and returns one of them for the caller to run; -1 when there is none.
func (r *run) next(ctx context.Context, i int) int {
	mine := -1
	for _, d := range r.p.plans[i].dependents {
		if r.pending[d].Add(-1) > 0 {
			continue
		}
		if mine >= 0 {
			r.start(ctx, mine)
		}
		mine = d
	}
	return mine
}

// begin runs the steps that wait for none, the last of them on this goroutine.
func (r *run) begin(ctx context.Context) {
	defer r.trap()
	mine := len(r.p.first) - 1
	for _, i := range r.p.first[:mine] {
		r.start(ctx, i)
	}
	r.follow(ctx, r.p.first[mine])
}

func (r *run) start(ctx context.Context, i int) {
	r.wg.Go(func() {
		defer r.trap()
		r.follow(ctx, i)
	})
}

// trap, deferred, keeps a panic for the goroutine that waits: elsewhere it would end the process.
func (r *run) trap() {
	if v := recover(); v != nil {
		r.panic.CompareAndSwap(nil, &trapped{v, debug.Stack()})
		r.stop(errPanic)
	}
}

var (
	errPanic  = errors.New("a step panicked")
	errNil    = errors.New("the caller returned nothing")
	errFailed = errors.New("another step failed")
)

// stop cancels what runs.
func (r *run) stop(cause error) {
	if r.cancel != nil {
		r.cancel(cause)
	}
}

// stopped reports whether nothing more is to be started.
func (r *run) stopped() bool { return r.failure.Load() != nil || r.panic.Load() != nil }

// step runs a step to its end and reports whether the view goes on.
func (r *run) step(ctx context.Context, i int) bool {
	if r.stopped() {
		return false
	}
	pl, part := r.p.plans[i], &r.parts[i]
	start := time.Now()
	var value []byte
	var err error
	if pl.fan != nil {
		value, err = r.fan(ctx, pl, part)
	} else {
		value, err = r.once(ctx, pl, part)
	}
	if part.Outcome != Skipped {
		part.Elapsed = time.Since(start)
	}
	if err == nil {
		err = r.accept(pl, value)
	}
	if err == nil && pl.fan == nil {
		err = r.accords(ctx, pl, value)
	}
	if err == nil {
		return true
	}
	value, ok := r.standIn(pl, part, err)
	return ok && r.accept(pl, value) == nil
}

// accept gives the step's name its value.
func (r *run) accept(pl *plan, value []byte) error {
	if err := r.p.set(r.frame, pl.slot, value); err != nil {
		return unreadable(pl.step, err)
	}
	return nil
}

// unreadable is the error of an answer that cannot be scanned.
func unreadable(s *Step, err error) error {
	kind := clients.Contract
	if errors.Is(err, rawjson.ErrTooMany) {
		kind = clients.TooLarge
	}
	return &clients.Error{Kind: kind, Upstream: s.Upstream, Operation: s.Operation.ID, Err: err}
}

// standIn settles a failed step: with its default, with null when it is optional, else the view has failed.
func (r *run) standIn(pl *plan, part *Part, err error) ([]byte, bool) {
	part.Outcome, part.Age = r.outcome(pl.step, err), 0
	part.blame(err)
	switch {
	case pl.step.Default != nil && pl.fan != nil:
		if value := repeat(pl.step.Default, part.Counts); value != nil {
			return value, true
		}
	case pl.step.Default != nil:
		return pl.step.Default, true
	case pl.step.Optional:
		return null, true
	}
	r.fail(pl.step, err)
	return nil, false
}

// outcome is that of a failed call: one that was only given up because the view has failed is skipped.
func (r *run) outcome(s *Step, err error) Outcome {
	if r.stopped() && (errors.Is(err, context.Canceled) || errors.Is(err, errFailed) || isCanceled(err)) {
		return Skipped
	}
	return s.failing()
}

func isCanceled(err error) bool {
	c, ok := errors.AsType[*clients.Error](err)
	return ok && c.Kind == clients.Canceled
}

// failing is the outcome of a failed call of the step.
func (s *Step) failing() Outcome {
	if s.Default != nil {
		return Defaulted
	}
	return Failed
}

// fail ends the view. Only the first failure counts: later ones are most often its echo.
func (r *run) fail(s *Step, err error) {
	failure := &StepError{Step: s.Name, Err: err, Write: s.Write()}
	if c, ok := errors.AsType[*clients.Error](err); ok {
		failure.UserCredential = c.Forwarded
	}
	if r.failure.CompareAndSwap(nil, failure) {
		r.stop(errFailed)
	}
}

// upstreamStatus is what the upstream answered to a failed call, or 504 when the step or the view had no time to wait
// for it; 0 when it was something else.
func upstreamStatus(err error) int {
	c, ok := errors.AsType[*clients.Error](err)
	switch {
	case ok && c.Kind == clients.Timeout, !ok && errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case ok:
		return c.Status
	}
	return 0
}

// once runs a step that is one call.
func (r *run) once(ctx context.Context, pl *plan, part *Part) ([]byte, error) {
	part.Outcome = Failed
	e := eval{frame: r.frame, env: r.env}
	if pl.loops {
		e.env = r.ownEnv(pl.after)
	}
	call, err := e.call(ctx, pl)
	if err != nil {
		return nil, err
	}
	answer, err := r.call(ctx, call)
	if err != nil {
		return nil, err
	}
	part.Outcome, part.Age = answer.Outcome, answer.Age
	return answer.Body, nil
}

// call makes one call within the step's own timeout.
func (r *run) call(ctx context.Context, c *Call) (*Answer, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if c.Step.Timeout > 0 {
		within, cancel := context.WithTimeout(ctx, c.Step.Timeout)
		defer cancel()
		ctx = within
	}
	answer, err := r.caller.Call(ctx, c)
	if err == nil && answer == nil {
		return nil, errNil
	}
	return answer, err
}

// args are what fills a call.
type args struct {
	params  []argument
	body    *code
	headers []header
	tags    []*expr.Value
}

type argument struct {
	index int // in Operation.Params
	value code
}

// requestError is what an evaluation's failure means for a step: the call could not be built.
func requestError(s *Step, err error) error {
	return &clients.Error{Kind: clients.Request, Upstream: s.Upstream, Operation: s.Operation.ID, Err: err}
}

// call evaluates the arguments of a step.
func (e *eval) call(ctx context.Context, pl *plan) (*Call, error) {
	c := &Call{Step: pl.step, Args: rest.Args{}}
	if n := len(pl.step.Operation.Params); n > 0 {
		c.Args.Params = make([][]byte, n)
	}
	for i := range pl.args.params {
		a := &pl.args.params[i]
		value, err := e.raw(ctx, &a.value)
		if err != nil {
			return nil, requestError(pl.step, err)
		}
		c.Args.Params[a.index] = value
	}
	var err error
	if pl.args.body != nil {
		if c.Args.Body, err = e.raw(ctx, pl.args.body); err != nil {
			return nil, requestError(pl.step, err)
		}
	}
	if c.Args.Header, err = e.header(ctx, pl.args.headers); err != nil {
		return nil, requestError(pl.step, err)
	}
	if c.Tags, err = e.texts(ctx, pl.args.tags); err != nil {
		return nil, requestError(pl.step, err)
	}
	return c, nil
}
