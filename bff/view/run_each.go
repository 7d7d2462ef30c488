package view

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"atrium/bff/expr"
	"atrium/clients/rest"
)

// A fan is how an each step is run.
type fan struct {
	loop        loop // where it goes over; it has no body
	concurrency int
	maxItems    int
}

// A job is one distinct call of an each step.
type job struct {
	call   *Call
	answer *Answer
	err    error
}

// fan runs an each step: one call for each distinct set of arguments, at most so many at once. It gives a list as long
// as what it goes over and in its order. Calls that do more when they are repeated, such as POST, are all made.
func (r *run) fan(ctx context.Context, pl *plan, part *Part) ([]byte, error) {
	part.Outcome = Failed
	part.Counts = new(Counts)
	e := eval{frame: r.frame, env: r.ownEnv(pl.after)}
	rows, isNull, err := e.over(ctx, &pl.fan.loop)
	if err != nil {
		return nil, requestError(pl.step, err)
	}
	if isNull {
		part.Outcome, part.Counts = Skipped, nil
		return null, nil
	}
	n := rows.Len()
	if n > pl.fan.maxItems {
		part.Counts[pl.step.failing()] = n
		return nil, requestError(pl.step, fmt.Errorf("%d items to call for, maxItems is %d", n, pl.fan.maxItems))
	}
	jobs := make([]job, 0, n)
	which := make([]int, n) // the job of each element
	seen := make(map[string]int, n)
	var key []byte
	for i := range n {
		e.enter(&pl.fan.loop, rows.At(i))
		call, err := e.call(ctx, pl)
		if err != nil {
			which[i] = len(jobs)
			jobs = append(jobs, job{err: err})
			continue
		}
		which[i] = len(jobs)
		if pl.step.Operation.Idempotent() {
			key = appendKey(key[:0], &call.Args)
			if at, ok := seen[string(key)]; ok {
				which[i] = at
				continue
			}
			seen[string(key)] = len(jobs)
		}
		jobs = append(jobs, job{call: call})
	}
	r.work(ctx, pl, jobs)
	return r.join(pl, part, jobs, which)
}

// ownEnv is an Env of the request and some slots alone: the names of loops have slots that others use for theirs.
func (r *run) ownEnv(slots []int) expr.Env {
	env := make(expr.Env, len(r.env))
	copy(env, r.env[:r.p.inputs.slots])
	for _, slot := range slots {
		env[slot] = r.env[slot]
	}
	return env
}

// work makes the calls of jobs and waits for them. Where the step is required the first failure ends it.
func (r *run) work(ctx context.Context, pl *plan, jobs []job) {
	var next atomic.Int64
	work := func() {
		defer r.trap()
		for !r.stopped() {
			i := int(next.Add(1)) - 1
			if i >= len(jobs) {
				return
			}
			j := &jobs[i]
			if j.err == nil {
				j.answer, j.err = r.call(ctx, j.call)
				if j.err == nil {
					j.err = r.accordsAlone(ctx, pl, j.answer.Body)
				}
			}
			if j.err != nil && !pl.step.forgiving() {
				r.fail(pl.step, j.err)
			}
		}
	}
	var wg sync.WaitGroup
	for range min(pl.fan.concurrency, len(jobs)) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
}

// forgiving reports whether the view goes on when the step fails.
func (s *Step) forgiving() bool { return s.Optional || s.Default != nil }

// join makes the list of an each step out of its calls, and settles its part.
func (r *run) join(pl *plan, part *Part, jobs []job, which []int) ([]byte, error) {
	size := 2
	for _, at := range which {
		size += 1 + len(jobs[at].body(pl.step))
	}
	if size > maxBytes {
		return nil, requestError(pl.step, errTooLarge)
	}
	part.Outcome = OK
	list := append(make([]byte, 0, size), '[')
	for i, at := range which {
		if i > 0 {
			list = append(list, ',')
		}
		j := &jobs[at]
		list = append(list, j.body(pl.step)...)
		part.count(r.jobOutcome(pl.step, j), j)
	}
	if r.stopped() && !pl.step.forgiving() {
		return nil, r.blame(pl.step, jobs)
	}
	return append(list, ']'), nil
}

// blame returns the error of the first call that failed by itself; errFailed when none did.
func (r *run) blame(s *Step, jobs []job) error {
	for i := range jobs {
		if j := &jobs[i]; j.err != nil && r.jobOutcome(s, j) != Skipped {
			return j.err
		}
	}
	return errFailed
}

// count adds one element's call to the part: the worst outcome stands for all.
func (p *Part) count(o Outcome, j *job) {
	p.Counts[o]++
	if o > p.Outcome {
		p.Outcome = o
		p.blame(j.err)
	}
	if j.answer != nil {
		p.Age = max(p.Age, j.answer.Age)
	}
}

func (r *run) jobOutcome(s *Step, j *job) Outcome {
	switch {
	case j.err != nil:
		return r.outcome(s, j.err)
	case j.answer == nil:
		return Skipped
	}
	return j.answer.Outcome
}

func (j *job) body(s *Step) []byte {
	switch {
	case j.answer != nil && j.err == nil:
		return j.answer.Body
	case s.Default != nil:
		return s.Default
	}
	return null
}

// repeat is the list of a default for every element; nil when that were too much.
func repeat(value []byte, counts *Counts) []byte {
	n := 0
	if counts != nil {
		n = counts[Defaulted]
	}
	if n*(len(value)+1) > maxBytes {
		return nil
	}
	list := []byte{'['}
	for i := range n {
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, value...)
	}
	return append(list, ']')
}

// appendKey appends what tells a step's calls apart: equal keys are equal calls.
func appendKey(dst []byte, a *rest.Args) []byte {
	for _, p := range a.Params {
		dst = appendPart(dst, p)
	}
	dst = appendPart(dst, a.Body)
	for _, name := range slices.Sorted(maps.Keys(a.Header)) {
		dst = appendPart(dst, []byte(name))
		for _, v := range a.Header[name] {
			dst = appendPart(dst, []byte(v))
		}
	}
	return dst
}
