package view

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// runOrStream runs a view, and writes down the pieces that it sends.
func runOrStream(
	ctx context.Context, t *testing.T, b *strings.Builder, p *Program, in *Input, caller *fakeCaller, streams bool,
) (*Result, error) {
	t.Helper()
	if !streams {
		return p.Run(ctx, in, caller)
	}
	sent := map[string]string{}
	ended := false
	result, err := p.Stream(ctx, in, caller, func(piece Piece) {
		fmt.Fprintf(b, "piece %s /%s %s\n", time.Since(caller.start), piece.Member, piece.Value)
		if _, again := sent[piece.Member]; again || ended {
			t.Errorf("the member %s is sent again, or after the end", piece.Member)
		}
		sent[piece.Member] = string(piece.Value)
	})
	ended = true
	if err == nil {
		checkPieces(t, p, sent, result)
	}
	return result, err
}

// checkPieces holds that the pieces are the members of the body, byte for byte.
func checkPieces(t *testing.T, p *Program, sent map[string]string, result *Result) {
	t.Helper()
	if p.Members == nil || result.Status != 200 {
		if len(sent) > 0 {
			t.Errorf("pieces of an answer that has none: %v", sent)
		}
		return
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(result.Body, &members); err != nil {
		t.Fatal(err)
	}
	for name, value := range members {
		if sent[name] != string(value) {
			t.Errorf("the piece %s is %s, in the body it is %s", name, sent[name], value)
		}
	}
	if len(sent) != len(members) {
		t.Errorf("%d pieces of %d members", len(sent), len(members))
	}
}

// sameStreamed holds that a run and a stream say the same, the pieces aside. A member that cannot be made ends a stream
// earlier, so of failures only the error must be the same.
func sameStreamed(t *testing.T, one, other string) {
	t.Helper()
	var lines [2][]string
	for i, text := range []string{one, other} {
		for line := range strings.SplitSeq(text, "\n") {
			if strings.HasPrefix(line, "error ") {
				lines[i] = []string{line}
				break
			}
			if strings.HasPrefix(line, "took ") {
				line, _, _ = strings.Cut(line, ", at most") // which of two calls that take no time goes first is chance
			}
			if !strings.HasPrefix(line, "piece ") {
				lines[i] = append(lines[i], line)
			}
		}
	}
	if a, b := strings.Join(lines[0], "\n"), strings.Join(lines[1], "\n"); a != b {
		t.Errorf("a stream and a run differ:\n%s\n\n%s", a, b)
	}
}

func TestNoPieceAfterTheClientLeft(t *testing.T) {
	p := mustCompile(t, `
routes:
  GET /x:
    steps:
      fast: { call: shop.getStatus }
      slow: { call: shop.listOffers }
    response: { fast: "${fast.ok}", slow: "${slow.items}" }
`)
	synctest.Test(t, func(t *testing.T) {
		in, _ := p.Bind(&Request{})
		ctx, leave := context.WithCancelCause(t.Context())
		left := errors.New("left")
		caller := newFakeCaller(map[string]fakeAnswer{
			"shop.getStatus": {After: "1ms", Body: []byte(`{"ok":true}`)}, "shop.listOffers": {After: "1s"},
		})
		var sent []string
		_, err := p.Stream(ctx, in, caller, func(piece Piece) {
			sent = append(sent, piece.Member)
			leave(left)
		})
		if failure, ok := errors.AsType[*StepError](err); !ok || failure.Status() != statusClientClosed && !errors.Is(err, left) {
			t.Errorf("the error is %v", err)
		}
		if len(sent) != 1 || sent[0] != "fast" || time.Since(caller.start) != time.Millisecond {
			t.Errorf("sent %v, ended after %s", sent, time.Since(caller.start))
		}
	})
}
