package chat

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// Whatever is appended is read back as it was, in order, by readers that were made at any time.
func TestLogKeepsEveryByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := log{max: 1 << 20}
		var kinds []kind
		var want, texts [][]byte
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			k := kind(rapid.IntRange(0, int(failEvent)).Draw(t, "kind"))
			word := rapid.StringN(0, 5, 10).Draw(t, "word")
			data := rapid.SampledFrom([][]byte{
				fmt.Appendf(nil, `{"id":"chatcmpl-1","choices":[{"delta":{"content":%q}}],"x":1}`, word),
				fmt.Appendf(nil, `{"id":"chatcmpl-1","choices":[{"delta":{"content":%q}}],"obfuscation":%q}`, word, word),
				[]byte(word), nil,
			}).Draw(t, "data")
			start := rapid.IntRange(0, len(data)).Draw(t, "start")
			end := rapid.IntRange(start, len(data)).Draw(t, "end")
			if err := l.append(k, data, [2]int{start, end}); err != nil {
				t.Fatal(err)
			}
			kinds, want, texts = append(kinds, k), append(want, data), append(texts, data[start:end])
			r := reader{log: l, next: rapid.IntRange(0, len(want)).Draw(t, "from")}
			for i := r.next; i < len(want); i++ {
				e, ok := r.read()
				if !ok || e.kind != kinds[i] || !bytes.Equal(e.data, want[i]) || !bytes.Equal(e.text, texts[i]) {
					t.Fatalf("event %d of %d: %v %d %s %s", i, len(want), ok, e.kind, e.data, e.text)
				}
			}
			if _, more := r.read(); more {
				t.Fatal("more than was appended")
			}
		}
	})
}

func TestLogIsSmall(t *testing.T) {
	for padding, most := range map[string]int{"": 40, "0123456789abcdef": 100} { // OpenAI pads chunks with noise at their end
		l := log{max: 1 << 20}
		const n = 1000
		for i := range n {
			noise := make([]byte, len(padding))
			for j := range noise {
				noise[j] = padding[(i*7+j*i)%len(padding)]
			}
			data := fmt.Appendf(nil, `{"id":"chatcmpl-0123456789","object":"chat.completion.chunk","created":1700000000,`+
				`"model":"gpt-4.1-mini",`+
				`"choices":[{"index":0,"delta":{"content":" word%d"},"logprobs":null,"finish_reason":null}],"obfuscation":%q}`, i, noise)
			if err := l.append(textEvent, data, [2]int{}); err != nil {
				t.Fatal(err)
			}
		}
		if perToken := l.size / n; perToken > most {
			t.Errorf("%d bytes an event, want at most %d", perToken, most)
		}
	}
}

func TestLogIsBounded(t *testing.T) {
	l := log{max: 200}
	var err error
	for i := 0; err == nil; i++ {
		err = l.append(chunkEvent, fmt.Append(nil, i, "abcdefghij"), [2]int{})
	}
	if l.size > 200 {
		t.Errorf("size %d", l.size)
	}
	if err := l.append(failEvent, []byte("the end fits in any case"), [2]int{}); err != nil {
		t.Error(err)
	}
}

func BenchmarkAppendAndRead(b *testing.B) {
	data := []byte(`{"id":"chatcmpl-0123456789","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4.1-mini-2025-04-14",` +
		`"choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}],"usage":null}`)
	l := log{max: 1 << 30}
	r := reader{}
	b.ReportAllocs()
	for b.Loop() {
		if err := l.append(textEvent, data, [2]int{}); err != nil {
			b.Fatal(err)
		}
		r.log = l
		if e, ok := r.read(); !ok || len(e.data) != len(data) {
			b.Fatal("not read")
		}
	}
}
