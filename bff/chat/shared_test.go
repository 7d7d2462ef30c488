package chat

import (
	"bytes"
	"testing"
)

// An entry of a shared log holds events as they were; what is no entry is refused, and never read beyond its end.
func FuzzSharedEntry(f *testing.F) {
	whole := appendShared(nil, event{kind: textEvent, data: []byte(`{"a":"b"}`), text: []byte(`"b"`)})
	whole = appendShared(whole, event{kind: roundEvent})
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte{0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, entry []byte) {
		var again []byte
		plain := true // its numbers are written in the shortest way, and its texts are the first of their bytes
		err := eachShared(entry, func(k kind, data []byte, text [2]int) error {
			e := event{kind: k, data: data}
			if text[0] < text[1] {
				e.text = data[text[0]:text[1]]
			}
			plain = plain && place(data, e.text) == text
			again = appendShared(again, e)
			return nil
		})
		if err == nil && plain && len(again) == len(entry) && !bytes.Equal(again, entry) {
			t.Errorf("%q is read as %q", entry, again)
		}
		if bytes.Equal(entry, whole) && (err != nil || !bytes.Equal(again, whole)) {
			t.Errorf("an entry is read as %q: %v", again, err)
		}
	})
}
