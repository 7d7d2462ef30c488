package sse_test

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"atrium/clients/sse"
)

var lineEnd = regexp.MustCompile("\r\n|\n|\r")

// parseAtOnce is the plain reading of the standard over a whole text, to compare the reader with.
func parseAtOnce(text string) []seen {
	var events []seen
	var e seen
	var data []string
	lines := lineEnd.Split(strings.TrimPrefix(text, "\xef\xbb\xbf"), -1)
	for i, line := range lines {
		atEnd := i == len(lines)-1
		if name, value, _ := strings.Cut(line, ":"); line != "" {
			value = strings.TrimPrefix(value, " ")
			switch name {
			case "data":
				data = append(data, value)
			case "event":
				e.Type = value
			case "id":
				if !strings.Contains(value, "\x00") {
					e.ID = value
				}
			}
		}
		if line == "" || atEnd {
			e.Data = strings.Join(data, "\n")
			e.Unterminated = atEnd
			if len(data) > 0 {
				events = append(events, e)
			}
			e, data = seen{ID: e.ID}, nil
		}
	}
	return events
}

func FuzzReader(f *testing.F) {
	for _, s := range streams {
		f.Add([]byte(s.text), uint8(3))
	}
	f.Fuzz(func(t *testing.T, text []byte, step uint8) {
		want := parseAtOnce(string(text))
		got, err := readAll(&stepReader{src: bytes.NewReader(text), step: int(step) + 1}, len(text)+1)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		for _, e := range want {
			if len(e.Data) > 8 {
				_, err := readAll(bytes.NewReader(text), 8)
				if _, is := errors.AsType[*sse.TooLongError](err); !is {
					t.Fatalf("error %v for %d bytes of data with a bound of 8", err, len(e.Data))
				}
			}
		}
	})
}

// stepReader gives at most step bytes a read.
type stepReader struct {
	src  io.Reader
	step int
}

func (r *stepReader) Read(p []byte) (int, error) {
	return r.src.Read(p[:min(len(p), r.step)])
}
