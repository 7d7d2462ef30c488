package rawjson

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestValidSaysWhereAndWhy(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", "", "JSON at byte 0: want a value, found the end"},
		{"only space", " \n", "JSON at byte 2: want a value, found the end"},
		{"two values", `1 2`, "JSON at byte 2: want nothing after the value"},
		{"trailing comma in a list", `[1,]`, "JSON at byte 3: want a value"},
		{"trailing comma in an object", `{"a":1,}`, "JSON at byte 7: want a name in quotes"},
		{"bare name", `{a:1}`, "JSON at byte 1: want a name in quotes"},
		{"no colon", `{"a" 1}`, "JSON at byte 5: want a colon"},
		{"no comma", `[1 2]`, "JSON at byte 3: want a comma or ]"},
		{"cut object", `{"a":1`, "JSON at byte 6: want a comma or }, found the end"},
		{"cut string", `"abc`, "JSON at byte 4: want a closing quote, found the end"},
		{"cut escape", `"abc\`, "JSON at byte 4: want an escape, found the end"},
		{"unknown escape", `"\x"`, "JSON at byte 1: want a known escape"},
		{"short unicode escape", `"\u12"`, "JSON at byte 1: want a known escape"},
		{"bad unicode escape", `"\u12g4"`, "JSON at byte 1: want a known escape"},
		{"control character", "\"a\nb\"", "JSON at byte 2: want control characters escaped"},
		{"not UTF-8", "\"a\xffb\"", "JSON at byte 2: want UTF-8"},
		{"half a rune", "\"\xe2\x82\"", "JSON at byte 1: want UTF-8"},
		{"surrogate in UTF-8", "\"\xed\xa0\x80\"", "JSON at byte 1: want UTF-8"},
		{"leading zero", `012`, "JSON at byte 1: want no digit after a leading zero"},
		{"plus", `+1`, "JSON at byte 0: want a value"},
		{"bare point", `1.`, "JSON at byte 2: want a digit"},
		{"no integer part", `.5`, "JSON at byte 0: want a value"},
		{"no exponent", `1e`, "JSON at byte 2: want a digit"},
		{"only minus", `-`, "JSON at byte 1: want a digit"},
		{"hexadecimal", `0x10`, "JSON at byte 1: want nothing after the value"},
		{"NaN", `NaN`, "JSON at byte 0: want a value"},
		{"misspelt word", `nul`, "JSON at byte 0: want null"},
		{"byte order mark", "\ufeff1", "JSON at byte 0: want a value"},
		{"comment", `[1/**/]`, "JSON at byte 2: want a comma or ]"},
		{"single quotes", `'a'`, "JSON at byte 0: want a value"},
		{"too deep", strings.Repeat("[", 513), "JSON at byte 512: nested too deep"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Valid([]byte(tt.text))
			syntax, ok := errors.AsType[*SyntaxError](err)
			if !ok || syntax.Error() != tt.want {
				t.Errorf("Valid(%.20q) = %v, want %s", tt.text, err, tt.want)
			}
		})
	}
}

func TestValidAccepts(t *testing.T) {
	for _, text := range []string{
		`null`, ` true `, "\tfalse\r\n", `0`, `-0`, `-0.0e-0`, `1e400`, `9007199254740993`, `1E+2`, `""`, `"\u0000\/"`,
		`"é😀\ud83d\ude00"`, `"\ud800"`, `[]`, `{}`, `[[],{}]`, ` { "a" : [ 1 , 2 ] } `, `{"":{"":null}}`,
		`"exactly8"`, `"12345678\"12345678\\12345678"`, `"1234567é"`,
		strings.Repeat("[", 512) + strings.Repeat("]", 512),
	} {
		if err := Valid([]byte(text)); err != nil {
			t.Errorf("Valid(%.30q) = %v, want nil", text, err)
		}
	}
}

func FuzzValid(f *testing.F) {
	for _, text := range []string{
		`{"a":[1,2.5e3,"x\u00e9\n",true,null]}`, `[1,]`, `"\ud83d\ude00"`, "\"\xff\"", `{"a":1,"a":2}`, ` 01`, `{"a" :}`,
		`"aaaaaaaaaaaaaaaaaaaa\"aaaaaaaaaaa"`, `[[[[[[`, `-`, `1.e5`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		err := Valid(text)
		if syntax, ok := errors.AsType[*SyntaxError](err); ok && syntax.Reason == "nested too deep" {
			return
		}
		if want := json.Valid(text) && utf8.Valid(text); (err == nil) != want {
			t.Fatalf("Valid(%q) = %v, encoding/json and UTF-8 say %v", text, err, want)
		}
		if err != nil {
			if at := err.(*SyntaxError).Offset; at < 0 || at > len(text) { //nolint:errorlint // Valid returns nothing else
				t.Fatalf("offset %d of %d bytes", at, len(text))
			}
		}
	})
}
