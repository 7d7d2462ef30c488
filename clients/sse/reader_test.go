package sse_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"atrium/clients/sse"
)

// seen is an event whose data was copied out.
type seen struct {
	Type, ID, Data string
	Unterminated   bool
}

// readAll reads events until an error, which is nil when the stream ended.
func readAll(src io.Reader, limit int) ([]seen, error) {
	r := sse.NewReader(src, limit)
	var events []seen
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return events, err
		}
		events = append(events, seen{e.Type, e.ID, string(e.Data), e.Unterminated})
	}
}

var streams = []struct {
	name string
	text string
	want []seen
}{
	{"one event", "data: a\n\n", []seen{{Data: "a"}}},
	{"no space after the colon", "data:a\n\n", []seen{{Data: "a"}}},
	{"only the first space goes", "data:  a\n\n", []seen{{Data: " a"}}},
	{"CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", []seen{{Data: "a"}, {Data: "b"}}},
	{"CR", "data: a\r\rdata: b\r\r", []seen{{Data: "a"}, {Data: "b"}}},
	{"mixed line ends", "data: a\r\n\ndata: b\n\r\ndata: c\r\n\r", []seen{{Data: "a"}, {Data: "b"}, {Data: "c"}}},
	{"data in several lines", "data: a\ndata\ndata: b\n\n", []seen{{Data: "a\n\nb"}}},
	{"data without colon", "data\n\n", []seen{{Data: ""}}},
	{"comments", ": hi\n\n:\n:x\ndata: a\n: in between\ndata: b\n\n: bye\n\n", []seen{{Data: "a\nb"}}},
	{
		"event and id", "event: ping\nid: 7\ndata: {}\n\ndata: x\n\n",
		[]seen{{Type: "ping", ID: "7", Data: "{}"}, {ID: "7", Data: "x"}},
	},
	{"an event without data is none", "event: ping\n\ndata: x\n\n", []seen{{Data: "x"}}},
	{"an id without data stays", "id: 9\n\ndata: x\n\n", []seen{{ID: "9", Data: "x"}}},
	{"an id with NUL is ignored", "id: a\x00b\ndata: x\n\n", []seen{{Data: "x"}}},
	{"unknown fields", "retry: 10\nfoo: bar\nDATA: no\ndata: x\n\n", []seen{{Data: "x"}}},
	{"byte order mark", "\xef\xbb\xbfdata: x\n\n", []seen{{Data: "x"}}},
	{"byte order mark inside is text", "data: x\n\n\xef\xbb\xbfdata: y\n\n", []seen{{Data: "x"}}},
	{"no blank line at the end", "data: x\n\ndata: y\n", []seen{{Data: "x"}, {Data: "y", Unterminated: true}}},
	{"no line end at the end", "data: x\n\ndata: [DONE]", []seen{{Data: "x"}, {Data: "[DONE]", Unterminated: true}}},
	{"a comment at the end is nothing", "data: x\n\n: bye", []seen{{Data: "x"}}},
	{"nothing", "", nil},
	{"blank lines", "\n\r\n\r\r\n", nil},
}

func TestStreamsAtEveryBoundary(t *testing.T) {
	for _, tt := range streams {
		t.Run(tt.name, func(t *testing.T) {
			for cut := range len(tt.text) + 1 {
				src := io.MultiReader(strings.NewReader(tt.text[:cut]), strings.NewReader(tt.text[cut:]))
				got, err := readAll(src, 0)
				if err != nil {
					t.Fatalf("cut at %d: %v", cut, err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Fatalf("cut at %d (-want +got):\n%s", cut, diff)
				}
			}
			got, err := readAll(iotest.OneByteReader(strings.NewReader(tt.text)), 0)
			if err != nil || !cmp.Equal(tt.want, got) {
				t.Fatalf("byte by byte: %v, error %v", got, err)
			}
		})
	}
}

// An event must be given as soon as its blank line came, not when the next byte tells CR from CRLF.
func TestAnEventIsGivenAtOnce(t *testing.T) {
	for _, end := range []string{"\n\n", "\r\r", "\r\n\r", "\r\n\r\n"} {
		src, w := io.Pipe()
		r := sse.NewReader(src, 0)
		go func() { _, _ = io.WriteString(w, "data: a"+end) }()
		e, err := r.Next()
		if err != nil || string(e.Data) != "a" {
			t.Errorf("%q: event %q, error %v", end, e.Data, err)
		}
		_ = w.Close()
	}
}

func TestBounds(t *testing.T) {
	const limit = 10_000
	data := func(n int) string { return strings.Repeat("x", n) }
	tests := []struct {
		name, text string
		events     int
		tooLong    bool
	}{
		{"just fits", "data: " + data(limit) + "\n\ndata: y\n\n", 2, false},
		{"one more", "data: y\n\ndata: " + data(limit+1) + "\n\ndata: z\n\n", 1, true},
		{"in several lines", "data: " + data(limit-1) + "\ndata: " + data(1) + "\n\n", 0, true},
		{"a line without end", "data: y\n\ndata: " + data(3*limit), 1, true},
		{"a field nobody reads", "foo: " + data(3*limit) + "\n\n", 0, true},
		{"many small lines without data", strings.Repeat(": comment\n", limit) + "data: y\n\n", 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, src := range []io.Reader{strings.NewReader(tt.text), iotest.HalfReader(strings.NewReader(tt.text))} {
				events, err := readAll(src, limit)
				tooLong, is := errors.AsType[*sse.TooLongError](err)
				if is != tt.tooLong || len(events) != tt.events {
					t.Fatalf("%d events, error %v; want %d events, too long: %v", len(events), err, tt.events, tt.tooLong)
				}
				if is && tooLong.Max != limit {
					t.Errorf("bound %d, want %d", tooLong.Max, limit)
				}
			}
		})
	}
}

func TestAnErrorIsFinal(t *testing.T) {
	cause := errors.New("connection reset")
	r := sse.NewReader(io.MultiReader(strings.NewReader("data: a\n\ndata: b\n"), iotest.ErrReader(cause)), 0)
	if e, err := r.Next(); err != nil || string(e.Data) != "a" {
		t.Fatalf("first event %q, error %v", e.Data, err)
	}
	for range 2 {
		if e, err := r.Next(); !errors.Is(err, cause) {
			t.Fatalf("event %q, error %v; what was begun must be dropped", e.Data, err)
		}
	}
}

func TestASourceThatGivesNothing(t *testing.T) {
	if _, err := readAll(emptyReader{}, 0); !errors.Is(err, io.ErrNoProgress) {
		t.Fatalf("error %v, want %v", err, io.ErrNoProgress)
	}
}

type emptyReader struct{}

func (emptyReader) Read([]byte) (int, error) { return 0, nil }

func BenchmarkReader(b *testing.B) {
	frame := "data: " + strings.Repeat("x", 330) + "\n\n"
	src := strings.NewReader("")
	r := sse.NewReader(io.MultiReader(&loop{src: src, text: strings.Repeat(frame, 100)}), 0)
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		if _, err := r.Next(); err != nil {
			b.Fatal(err)
		}
	}
}

// loop reads text again and again.
type loop struct {
	src  *strings.Reader
	text string
}

func (l *loop) Read(p []byte) (int, error) {
	if l.src.Len() == 0 {
		l.src.Reset(l.text)
	}
	return l.src.Read(p)
}
