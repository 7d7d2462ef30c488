package rawjson

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestAppendUnquoted(t *testing.T) {
	tests := []struct{ raw, want string }{
		{`""`, ""},
		{`"plain"`, "plain"},
		{`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t"},
		{`"\u00e9\ud83d\ude00"`, "é😀"},
		{`"\ud83dx"`, "\uFFFDx"},
		{`"\ud83d\u0041"`, "\uFFFDA"},
		{`"\ude00\ud83d"`, "\uFFFD\uFFFD"},
		{`"\u0000"`, "\x00"},
	}
	for _, tt := range tests {
		if got := string(AppendUnquoted([]byte(">"), []byte(tt.raw))); got != ">"+tt.want {
			t.Errorf("AppendUnquoted(%s) = %q, want %q", tt.raw, got, ">"+tt.want)
		}
	}
}

func TestAppendQuoted(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", `""`},
		{"plain <&> é😀", `"plain <&> é😀"`},
		{"a\"b\\c\n\r\t\x00\x1f", `"a\"b\\c\n\r\t\u0000\u001f"`},
		{"bad \xff\xfe end", "\"bad \uFFFD\uFFFD end\""},
	}
	for _, tt := range tests {
		if got := string(AppendQuoted(nil, tt.text)); got != tt.want {
			t.Errorf("AppendQuoted(%q) = %s, want %s", tt.text, got, tt.want)
		}
	}
}

// FuzzText holds quoting and unquoting to each other and to encoding/json.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "plain", "a\"\\\n", "é😀", "\xff", `\u00e9\ud83d\ude00\ud800`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		quoted := AppendQuoted(nil, s)
		if err := Valid(quoted); err != nil {
			t.Fatalf("AppendQuoted(%q) = %s: %v", s, quoted, err)
		}
		if got, want := string(AppendUnquoted(nil, quoted)), strings.ToValidUTF8(s, "\uFFFD"); len(got) < len(want) {
			t.Fatalf("there and back: %q, want %q", got, want)
		}
		raw := []byte(`"` + s + `"`)
		if Valid(raw) != nil {
			return
		}
		var want string
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		if got := string(AppendUnquoted(nil, raw)); got != want {
			t.Fatalf("AppendUnquoted(%s) = %q, want %q", raw, got, want)
		}
	})
}
