package schema_test

import (
	"strings"
	"testing"

	"atrium/clients/schema"

	"github.com/google/go-cmp/cmp"
)

const orderSchema = `{
	"type": "object",
	"required": ["id", "lines"],
	"properties": {
		"id": {"type": "integer", "format": "int64", "readOnly": true},
		"status": {"type": "string", "enum": ["open", "paid"]},
		"note": {"type": ["string", "null"], "maxLength": 5, "minLength": 2},
		"total": {"type": "number", "minimum": 0, "exclusiveMaximum": 100, "multipleOf": 0.01},
		"small": {"type": "integer", "format": "int32"},
		"sku": {"type": "string", "pattern": "^[A-Z]+$"},
		"at": {"type": "string", "format": "date-time"},
		"day": {"type": "string", "format": "date"},
		"key": {"type": "string", "format": "uuid"},
		"mail": {"type": "string", "format": "email"},
		"link": {"type": "string", "format": "uri"},
		"address": {"type": "string", "format": "ipv6"},
		"lines": {"type": "array", "minItems": 1, "maxItems": 3, "uniqueItems": true, "items": {
			"type": "object", "additionalProperties": false, "properties": {"count": {"type": "integer"}}}},
		"labels": {"type": "object", "maxProperties": 2, "additionalProperties": {"type": "string"}},
		"payment": {"oneOf": [
			{"type": "object", "required": ["card"], "properties": {"card": {"type": "string"}}},
			{"type": "object", "required": ["iban"], "properties": {"iban": {"type": "string"}}},
			{"type": "string"}]},
		"choice": {"anyOf": [{"type": "integer", "minimum": 3}, {"type": "array"}, {"type": "null"}]},
		"lookaround": {"type": "string", "pattern": "(?=x)y"}
	}
}`

func TestCheck(t *testing.T) {
	order, err := schema.FromJSON([]byte(orderSchema))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"right": {`{"id": 9223372036854775807, "lines": [{"count": 1.0}], "note": null, "more": true, "choice": null,
			"at": "2026-11-21T08:00:00.5+01:00", "day": "2026-02-28", "key": "00000000-0000-4000-8000-00000000000A",
			"mail": "a@example.com", "link": "https://example.com/", "address": "::1", "total": 99.99, "lookaround": "z"}`, nil},
		"not an object": {`[1]`, []string{`: want object, found list`}},
		"nothing there": {
			`{}`,
			[]string{
				`/id: want integer, found nothing`,
				`/lines: want list of object, found nothing`,
			},
		},
		"null": {`{"id": null, "lines": [{}]}`, []string{`/id: want integer, found null`}},
		"wrong kinds": {
			`{"id": "1", "lines": {}, "status": 3}`,
			[]string{
				`/id: want integer, found string`,
				`/lines: want list of object, found object`,
				`/status: want string, found number`,
			},
		},
		"fraction": {`{"id": 1.5, "lines": [{}]}`, []string{`/id: want integer, found a number with a fraction`}},
		"too many bits": {
			`{"id": 9223372036854775808, "lines": [{}], "small": 2147483648}`,
			[]string{
				`/id: want a number of 64 bits, found one that is larger`,
				`/small: want a number of 32 bits, found one that is larger`,
			},
		},
		"enum": {
			`{"id": 1, "lines": [{}], "status": "top secret"}`,
			[]string{`/status: want one of "open", "paid", found another value`},
		},
		"length": {`{"id": 1, "lines": [{}], "note": "ééé"}`, nil},
		"too long": {
			`{"id": 1, "lines": [{}], "note": "abcdef"}`,
			[]string{`/note: want at most 5 characters, found 6`},
		},
		"too short": {
			`{"id": 1, "lines": [{}], "note": "\u00e9"}`,
			[]string{`/note: want at least 2 characters, found 1`},
		},
		"below": {
			`{"id": 1, "lines": [{}], "total": -1}`,
			[]string{`/total: want at least 0, found a smaller number`},
		},
		"at the bound": {
			`{"id": 1, "lines": [{}], "total": 100}`,
			[]string{`/total: want less than 100, found a larger number`},
		},
		"no multiple": {
			`{"id": 1, "lines": [{}], "total": 0.015}`,
			[]string{`/total: want a multiple of 0.01, found another number`},
		},
		"pattern": {
			`{"id": 1, "lines": [{}], "sku": "abc"}`,
			[]string{`/sku: want text that matches ^[A-Z]+$, found other text`},
		},
		"time": {
			`{"id": 1, "lines": [{}], "at": "yesterday", "day": "2026-02-30"}`,
			[]string{
				`/at: want text of format date-time, found other text`,
				`/day: want text of format date, found other text`,
			},
		},
		"other formats": {
			`{"id": 1, "lines": [{}], "key": "x", "mail": "Bob <a@b.c>", "link": "/x", "address": "1.2.3.4"}`,
			[]string{
				`/address: want text of format ipv6, found other text`,
				`/key: want text of format uuid, found other text`,
				`/link: want text of format uri, found other text`,
				`/mail: want text of format email, found other text`,
			},
		},
		"too few": {`{"id": 1, "lines": []}`, []string{`/lines: want at least 1 items, found 0`}},
		"too many": {
			`{"id": 1, "lines": [{"count":1},{"count":2},{"count":3},{"count":4}]}`,
			[]string{`/lines: want at most 3 items, found 4`},
		},
		"twice": {
			`{"id": 1, "lines": [{},{}]}`,
			[]string{`/lines/1: want different items, found one that is there already`},
		},
		"undeclared": {
			`{"id": 1, "lines": [{"cuont": 1}]}`,
			[]string{`/lines/0/cuont: want no such member; did you mean "count"?`},
		},
		"map": {
			`{"id": 1, "lines": [{}], "labels": {"a/b": 1, "c": "d"}}`,
			[]string{`/labels/a~1b: want string, found number`},
		},
		"map too large": {
			`{"id": 1, "lines": [{}], "labels": {"a": "", "b": "", "c": ""}}`,
			[]string{`/labels: want at most 2 members, found 3`},
		},
		"no alternative": {
			`{"id": 1, "lines": [{}], "payment": {}}`,
			[]string{`/payment: want object or object or string, found object that is none of them`},
		},
		"wrong kind of it": {
			`{"id": 1, "lines": [{}], "payment": 3}`,
			[]string{`/payment: want object or object or string, found number`},
		},
		"the only one": {
			`{"id": 1, "lines": [{}], "choice": 2}`,
			[]string{`/choice: want at least 3, found a smaller number`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, m := range order.Check([]byte(test.text), 10) {
				got = append(got, m.Pointer+": "+m.String())
				if strings.Contains(m.String(), "secret") {
					t.Errorf("%v shows a value", m)
				}
			}
			sorted := cmp.Transformer("sorted", sortedStrings)
			if diff := cmp.Diff(test.want, got, sorted); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckInput(t *testing.T) {
	order, err := schema.FromJSON([]byte(orderSchema))
	if err != nil {
		t.Fatal(err)
	}
	if got := order.CheckInput([]byte(`{"lines": [{}]}`), 10); got != nil {
		t.Errorf("an input without what only answers have: %v", got)
	}
	if got := order.CheckInput([]byte(`{}`), 10); len(got) != 1 || got[0].Pointer != "/lines" {
		t.Errorf("an input without lines: %v", got)
	}
}

func TestCheckStopsAtItsLimit(t *testing.T) {
	list := schema.ArrayOf(schema.Of(schema.Integer))
	text := "[" + strings.Repeat(`"x",`, 100_000) + `"x"]`
	if got := list.Check([]byte(text), 3); len(got) != 3 {
		t.Errorf("%d mistakes, want 3", len(got))
	}
}

func TestCheckOfRecursiveType(t *testing.T) {
	tree, err := schema.FromJSON([]byte(`{"$ref": "#/$defs/T", "$defs": {"T": {"oneOf": [
		{"type": "array", "items": {"$ref": "#/$defs/T"}}, {"type": "integer"}, {"type": "null"}]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	good := strings.Repeat("[", 500) + "1, null" + strings.Repeat("]", 500)
	if got := tree.Check([]byte(good), 10); got != nil {
		t.Errorf("deep: %v", got)
	}
	got := tree.Check([]byte(`[1, [null, ["x"]]]`), 10)
	want := []schema.Mistake{{Pointer: "/1/1/0", Expected: "T or null", Found: "string"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
