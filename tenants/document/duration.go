package document

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
)

// A Duration is a length of time as documents write it: a number and a unit of ms, s, m, h or d, or several in
// a row: 300ms, 5m, 1h30m, 7d. It is never negative; what zero means is said where it is used.
type Duration time.Duration

const durationPattern = `^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$`

var (
	errDuration = errors.New("want a duration such as 300ms")
	errTooLong  = errors.New("the duration is too long")
)

// ParseDuration reads a duration; its error says what a duration looks like.
func ParseDuration(text string) (Duration, error) {
	if text == "" {
		return 0, errDuration
	}
	var total int64
	for rest := text; rest != ""; {
		number, unit, tail, ok := cutQuantity(rest)
		length := durationUnit(unit)
		if !ok || length == 0 {
			return 0, errDuration
		}
		part, ok := scaled(number, int64(length))
		if total += part; !ok || total < 0 {
			return 0, errTooLong
		}
		rest = tail
	}
	return Duration(total), nil
}

func durationUnit(unit string) time.Duration {
	switch unit {
	case "ms":
		return time.Millisecond
	case "s":
		return time.Second
	case "m":
		return time.Minute
	case "h":
		return time.Hour
	case "d":
		return 24 * time.Hour
	}
	return 0
}

// String renders the duration as documents write it.
func (d Duration) String() string {
	const day = 24 * time.Hour
	t := time.Duration(d)
	if t >= 2*day && t%day == 0 {
		return strconv.FormatInt(int64(t/day), 10) + "d"
	}
	text := t.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%w, found %q", err, text)
	}
	*d = v
	return nil
}

// DecodeNode implements NodeDecoder.
func (d *Duration) DecodeNode(n *Node) Issues {
	if n.Kind == Int {
		return Issues{n.Issue("%v, found %s; did you mean %q?", errDuration, n.Text, n.Text+"s")}
	}
	return decodeText(n, d, ParseDuration, errDuration)
}

// JSONSchema implements the schema generator's hook.
func (Duration) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "string", Pattern: durationPattern, Examples: []any{"300ms", "5m"},
		Description: "a duration: a number and ms, s, m, h or d",
	}
}

// decodeText decodes a String node with parse; want says what was expected when the node is something else.
func decodeText[T any](n *Node, into *T, parse func(string) (T, error), want error) Issues {
	if n.Kind != String {
		return Issues{n.Issue("%v, found %s", want, n.found())}
	}
	v, err := parse(n.Text)
	if err != nil {
		return Issues{n.Issue("%v, found %s", err, n.found())}
	}
	*into = v
	return nil
}
