package view

import "testing"

func TestValuesOrder(t *testing.T) {
	for _, tc := range []struct {
		name string
		a, b string
		desc bool
		want int
	}{
		{"numbers by value, not by text", "9", "10", false, -1},
		{"fractions", "1.50", "1.5", false, 0},
		{"integers beyond float64", "9007199254740993", "9007199254740992", false, 1},
		{"out of range is infinite", "1e999", "5", false, 1},
		{"negative", "-2", "-10", false, 1},
		{"text", `"a"`, `"b"`, false, -1},
		{"text by what its escapes mean", `"\u0061"`, `"a"`, false, 0},
		{"a prefix comes first", `"a"`, `"ab"`, false, -1},
		{"false before true", "false", "true", false, -1},
		{"true before numbers", "true", "0", false, -1},
		{"numbers before text", "9", `"1"`, false, -1},
		{"descending", "9", "10", true, 1},
		{"null last", "null", "1", false, 1},
		{"null last descending too", "null", "1", true, 1},
		{"absent is null", "", "null", true, 0},
		{"lists are equal", "[2]", "[1]", false, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := compare([]byte(tc.a), []byte(tc.b), tc.desc); got != tc.want {
				t.Errorf("compare %s with %s is %d, want %d", tc.a, tc.b, got, tc.want)
			}
			nulls := rank([]byte(tc.a)) == last || rank([]byte(tc.b)) == last
			if back := compare([]byte(tc.b), []byte(tc.a), tc.desc); !nulls && back != -tc.want {
				t.Errorf("the other way round is %d, want %d", back, -tc.want)
			}
		})
	}
}
