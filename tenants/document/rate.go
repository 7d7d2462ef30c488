package document

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
)

// A Rate allows Quota units in each Window: "600/1m". Both are positive unless the Rate is the zero value.
type Rate struct {
	Quota  int64
	Window time.Duration
}

const (
	ratePattern  = `^[1-9][0-9]{0,17}/([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$`
	rateMaxDigit = 18
)

var errRate = errors.New("want a rate such as 600/1m")

// ParseRate reads a rate; its error says what a rate looks like.
func ParseRate(text string) (Rate, error) {
	quota, window, ok := strings.Cut(text, "/")
	if !ok || len(quota) > rateMaxDigit {
		return Rate{}, errRate
	}
	n, err := strconv.ParseUint(quota, 10, 63)
	if err != nil || n == 0 {
		return Rate{}, errRate
	}
	d, err := ParseDuration(window)
	if err != nil || d <= 0 {
		return Rate{}, errRate
	}
	return Rate{Quota: int64(n), Window: time.Duration(d)}, nil
}

// String renders the rate as documents write it.
func (r Rate) String() string {
	return strconv.FormatInt(r.Quota, 10) + "/" + Duration(r.Window).String()
}

// MarshalText implements encoding.TextMarshaler.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Rate) UnmarshalText(text []byte) error {
	v, err := ParseRate(string(text))
	if err != nil {
		return fmt.Errorf("%w, found %q", err, text)
	}
	*r = v
	return nil
}

// DecodeNode implements NodeDecoder.
func (r *Rate) DecodeNode(n *Node) Issues {
	return decodeText(n, r, ParseRate, errRate)
}

// JSONSchema implements the schema generator's hook.
func (Rate) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "string", Pattern: ratePattern, Examples: []any{"600/1m"},
		Description: "a rate: how many in which time",
	}
}
