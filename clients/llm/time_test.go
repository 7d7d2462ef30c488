package llm_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"atrium/clients"
	"atrium/clients/llm"
)

// pieces is an upstream that writes texts with a pause before each, then stays silent until the call ends.
func pieces(pause time.Duration, texts ...string) *upstream {
	u := &upstream{ended: make(chan cause, 1)}
	u.play = func(ctx context.Context, w io.Writer) {
		for _, text := range texts {
			time.Sleep(pause) // fake time
			if _, err := io.WriteString(w, text); err != nil {
				break
			}
		}
		<-ctx.Done()
		u.ended <- cause{context.Cause(ctx)}
	}
	return u
}

func TestTimeouts(t *testing.T) {
	tests := []struct {
		name   string
		u      func() *upstream
		want   heard
		after  time.Duration
		waited string
	}{
		{
			"nothing comes", func() *upstream { return pieces(time.Second) },
			heard{Kind: "timeout", Early: true},
			20 * time.Second, "the first token",
		},
		{"only comments come", func() *upstream {
			return pieces(7*time.Second, ": a\n", ": b\n", ": c\n", ": d\n")
		}, heard{Kind: "timeout", Early: true}, 20 * time.Second, "the first token"},
		{
			"it stalls", func() *upstream { return pieces(10*time.Second, chunk("a"), chunk("b")) },
			heard{Text: "ab", Chunks: 2, Kind: "timeout"},
			50 * time.Second, "the next token",
		},
		{"comments are a sign of life", func() *upstream {
			return pieces(19*time.Second, chunk("a"), ": x\n", ": y\n", chunk("b"))
		}, heard{Text: "ab", Chunks: 2, Kind: "timeout"}, 106 * time.Second, "the next token"},
		{"it never ends", func() *upstream {
			texts := make([]string, 100)
			for i := range texts {
				texts[i] = chunk("a")
			}
			return pieces(16*time.Second, texts...)
		}, heard{Text: "aaaaaaaaaaaaaaaaaa", Chunks: 18, Kind: "timeout"}, 5 * time.Minute, "the whole answer"},
		{
			"finished, but held open", func() *upstream { return pieces(time.Second, chunk("a"), finished) },
			heard{Text: "a", Finish: "stop", Chunks: 2},
			7 * time.Second, "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u, start := tt.u(), time.Now()
				got, err := listen(t.Context(), u, llm.Timeouts{})
				if got != tt.want {
					t.Errorf("%+v, error %v; want %+v", got, err, tt.want)
				}
				if took := time.Since(start); took != tt.after {
					t.Errorf("took %s, want %s", took, tt.after)
				}
				if late, ok := errors.AsType[*llm.TimeoutError](err); ok && late.Waited != tt.waited || ok != (tt.waited != "") {
					t.Errorf("error %v, want one for %s", err, tt.waited)
				}
				<-u.ended // the upstream was let go
			})
		})
	}
}

var errLeft = errors.New("the viewer left")

func TestCallerLeaves(t *testing.T) {
	for _, early := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			u := pieces(0, chunk("a"))
			if early {
				u = pieces(0)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(errLeft) })
			got, err := listen(ctx, u, llm.Timeouts{})
			if got.Kind != "canceled" || got.Early != early || !errors.Is(err, errLeft) {
				t.Errorf("%+v, error %v", got, err)
			}
			if end := <-u.ended; !errors.Is(end.err, errLeft) {
				t.Errorf("upstream saw %v", end.err)
			}
		})
	}
}

func TestDeadlineOfTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got, err := listen(ctx, pieces(0, chunk("a")), llm.Timeouts{}); got.Kind != clients.Timeout.String() {
			t.Errorf("%+v, error %v", got, err)
		}
	})
}

func TestCloseEndsTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := pieces(0, chunk("a"), chunk("b"))
		stream, err := llm.New(llm.Options{}).Stream(t.Context(), &llm.Model{BaseURL: "http://model.test/v1", Transport: u}, nil)
		if err != nil {
			t.Fatal(err)
		}
		stream.Close()
		stream.Close()
		<-u.ended
	})
}
