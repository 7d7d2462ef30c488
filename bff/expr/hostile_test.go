package expr

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"atrium/clients/schema"
)

// hostile is what a tenant might write to take the server down, against the largest input that is let in.
func hostile() map[string]string {
	loops := func(n int, list string) string {
		inner := "1"
		for i := range n {
			inner = fmt.Sprintf("%s.map(v%d, %s)", list, i, inner)
		}
		return inner
	}
	return map[string]string{
		"nested loops over input":                 `nums.map(a, nums.map(b, nums.map(c, a * b * c)))`,
		"nested loops over a literal":             loops(9, "[1,2,3,4,5,6,7,8,9,10]"),
		"nested loops over a literal with a name": strings.Replace(loops(9, "[1,2,3,4,5,6,7,8,9,10]"), ", 1)", ", big)", 1),
		"nested loops over ranges":                loops(3, "lists.range(9999)"),
		"a quadratic search":                      `items.all(a, items.exists(b, a == b && false) || true)`,
		"a long range":                            `lists.range(100000000)`,
		"a range of the input":                    `lists.range(big)`,
		"doubling text":                           strings.Repeat("(", 30) + "text" + strings.Repeat(" + text)", 30),
		"doubling text by replacement":            `text` + strings.Repeat(`.replace("a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")`, 40),
		"replacement with nothing":                `text.replace("", text)`,
		"joining with a long separator":           `lists.range(9999).map(i, "x").join(text)`,
		"formatting text many times":              `"` + strings.Repeat("%s", 1000) + `".format([` + strings.Repeat("text,", 300) + `text])`,
		"encoding over and over":                  strings.Repeat("base64.encode(bytes(", 15) + "text" + strings.Repeat("))", 15),
		"quoting over and over":                   strings.Repeat("strings.quote(", 31) + `"\"" + text` + strings.Repeat(")", 31),
		"splitting and joining":                   `text.split("").map(c, text).join(text)`,
		"a list of the same list":                 `[` + strings.Repeat("nums,", 700) + `nums].flatten().flatten()`,
		"lists added up":                          `nums` + strings.Repeat(" + nums", 500),
		"sorting":                                 `nums` + strings.Repeat(".reverse().sort()", 200),
		"distinct":                                `nums.distinct()`,
		"an object many times":                    `[` + strings.Repeat("huge,", 700) + `huge]`,
		"an object many times by a loop":          `nums.map(i, huge)`,
		"a list of 700,000 elements":              `many.map(i, i)`,
		"a long text":                             `long.upperAscii()`,
		"reading an object in a loop":             `nums.map(i, huge["a" + string(i)])`,
		"comparing large objects":                 `nums.all(i, huge == huge)`,
		"a pattern that backtracks":               `text.matches("(a+)+(a+)+(a+)+$b")`,
		"a pattern that repeats":                  `text.matches("(((a{1,30}){1,30}){1,30}){1,30}")`,
		"a pattern with many states":              `short.matches("` + strings.Repeat("a?", 60) + strings.Repeat("a", 60) + `b")`,
		"a pattern from the input":                `text.matches(text)`,
		"brackets nested deep":                    strings.Repeat("(", 1000) + "1" + strings.Repeat(")", 1000),
		"lists nested deep":                       strings.Repeat("[", 2000) + strings.Repeat("]", 2000),
		"members nested deep":                     "any" + strings.Repeat(".a", 2000),
		"calls chained long":                      "any" + strings.Repeat(".a()", 900),
		"a chain of !":                            strings.Repeat("!", 4000) + "true",
		"a chain of minus":                        strings.Repeat("- ", 2000) + "1",
		"choices nested deep":                     strings.Repeat("flag ? 1 : ", 340) + "1",
		"a long chain of ||":                      "flag" + strings.Repeat("||flag", 680),
		"a long sum":                              "1" + strings.Repeat("+1", 2040),
		"a huge number":                           "1" + strings.Repeat("0", 4000),
		"a huge exponent":                         "1e999999999",
		"a literal of 4,000 characters":           `"` + strings.Repeat("é", 2000) + `".size()`,
		"too long":                                `"` + strings.Repeat("a", 5000) + `"`,
		"macros nested":                           strings.Repeat("has(any.a) && any.all(x, ", 25) + "true" + strings.Repeat(")", 25),
		"optional macros nested":                  "any.?a" + strings.Repeat(".optMap(x, any.?a", 25) + strings.Repeat(")", 25),
		"sorting by a sort":                       `nums.sortBy(a, nums.sortBy(b, nums.size())[0])`,
		"a double of many digits":                 `"%.99f".format([double("1e308")])`,
		"a loop that never is an error":           `nums.exists(i, 1 / 0 == 1 || i < 0)`,
		"slices of slices":                        `nums` + strings.Repeat(".slice(0, 9999)", 200),
		"substring in a loop":                     `nums.map(i, text.substring(i))`,
		"index in a loop":                         `nums.map(i, text.indexOf("b"))`,
	}
}

func TestHostileExpressionsAreRefusedOrStopped(t *testing.T) {
	nums := make([]string, 9999)
	items := make([]string, 9999)
	var huge strings.Builder
	huge.WriteString(`{"z":0`)
	for i := range nums {
		nums[i] = strconv.Itoa(i)
		items[i] = fmt.Sprintf(`{"id":%d,"name":"a name of some length"}`, i)
		fmt.Fprintf(&huge, `,"a%d":"%s"`, i, strings.Repeat("x", 600))
	}
	huge.WriteString("}")
	integers := schema.ArrayOf(schema.Of(schema.Integer))
	item := schema.ObjectOf(schema.Field{Name: "id", Type: schema.Of(schema.Integer), Required: true})
	s := NewScope().With("nums", integers).With("items", schema.ArrayOf(item)).With("big", schema.Of(schema.Integer)).
		With("text", schema.Of(schema.String)).With("short", schema.Of(schema.String)).With("any", schema.Of(schema.Any)).
		With("huge", schema.MapOf(schema.Of(schema.String))).With("many", integers).With("long", schema.Of(schema.String)).
		With("flag", schema.Of(schema.Bool))
	env := Env{
		[]byte("[" + strings.Join(nums, ",") + "]"), []byte("[" + strings.Join(items, ",") + "]"), []byte("9223372036854775807"),
		[]byte(`"` + strings.Repeat("a", 200<<10) + `"`), []byte(`"` + strings.Repeat("a", 10<<10) + `"`), []byte(`{"a":{"a":1}}`),
		[]byte(huge.String()), []byte("[" + strings.Repeat("1,", 700_000) + "1]"), []byte(`"` + strings.Repeat("a", 8<<20) + `"`),
		[]byte("false"),
	}
	limit, memory := 20*time.Millisecond, uint64(20<<20)
	if raceEnabled {
		limit *= 20
	}
	for name, src := range hostile() {
		t.Run(name, func(t *testing.T) {
			v, spent, issues := measure(limit, func() (*Value, error) {
				v, issues := s.Value(text("${" + src + "}"))
				return v, issues.Err()
			})
			verdict := fmt.Sprint(issues)
			if spent.time > limit || spent.bytes > memory {
				t.Errorf("compiling takes %v and %d KiB: %.100s", spent.time, spent.bytes>>10, verdict)
			}
			if v == nil {
				t.Logf("refused in %v, %d KiB: %.120s", spent.time, spent.bytes>>10, verdict)
				return
			}
			_, spent, err := measure(limit, func() ([]byte, error) { return v.AppendJSON(t.Context(), nil, env) })
			t.Logf("ran %v, %d KiB: %v", spent.time, spent.bytes>>10, err)
			if spent.time > limit || spent.bytes > memory {
				t.Errorf("running takes %v and %d KiB: %v", spent.time, spent.bytes>>10, err)
			}
			if err != nil && !errors.Is(err, ErrCost) && !errors.Is(err, ErrEval) {
				t.Errorf("%v is neither ErrCost nor ErrEval", err)
			}
			if err != nil && strings.Contains(err.Error(), "aaaa") {
				t.Errorf("the error shows a value: %.200s", err)
			}
		})
	}
}

type spent struct {
	time  time.Duration
	bytes uint64
}

// measure tries a few times when it takes too long, so that a busy machine does not fail the test.
func measure[T any](limit time.Duration, f func() (T, error)) (v T, least spent, err error) {
	least = spent{time: time.Hour, bytes: 1 << 60}
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		v, err = f()
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		least.time = min(least.time, took)
		least.bytes = min(least.bytes, after.TotalAlloc-before.TotalAlloc)
		if least.time < limit {
			break
		}
	}
	return v, least, err
}

func TestAlwaysTooDearIsAnIssue(t *testing.T) {
	list := "[" + strings.TrimSuffix(strings.Repeat("1,", 100), ",") + "]"
	_, issues := NewScope().With("n", nil).Value(text("${" + list + ".map(a, " + list + ".map(b, " + list + ".map(c, n)))}"))
	if want := "the expression costs too much, whatever it is given"; len(issues) != 1 || issues[0].Message != want {
		t.Errorf("issues: %v, want %s", issues, want)
	}
}

func TestACanceledContextStops(t *testing.T) {
	s := NewScope().With("nums", schema.ArrayOf(nil))
	v, issues := s.Value(text("${nums.map(i, nums.size())}"))
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	cause := errors.New("the client went away")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	_, err := v.AppendJSON(ctx, nil, Env{[]byte("[1,2,3]")})
	if !errors.Is(err, cause) || !strings.HasPrefix(err.Error(), "apis/test.yaml:1:3: ") {
		t.Errorf("err = %v, want the place and the cause", err)
	}
}
