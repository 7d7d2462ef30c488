package llm

import (
	"context"
	"sync/atomic"
	"time"
)

// A watchdog ends a call that stops making progress: it cancels the call's context with a *TimeoutError.
type watchdog struct {
	timer *time.Timer
	phase atomic.Pointer[TimeoutError]
}

// afterFinish is how long a stream may go on to tell its usage after the finish reason.
const afterFinish = 5 * time.Second

func watch(cancel context.CancelCauseFunc, first *TimeoutError) *watchdog {
	w := new(watchdog)
	w.phase.Store(first)
	w.timer = time.AfterFunc(first.Limit, func() { cancel(w.phase.Load()) })
	return w
}

// progress starts the wait again.
func (w *watchdog) progress() { w.timer.Reset(w.phase.Load().Limit) }

// next starts another wait.
func (w *watchdog) next(phase *TimeoutError) {
	w.phase.Store(phase)
	w.progress()
}

func (w *watchdog) stop() { w.timer.Stop() }
