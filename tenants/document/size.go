package document

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/invopop/jsonschema"
)

// A Size is a number of bytes as documents write it: 10MiB, 64KB, 512B, or a bare number of bytes.
type Size int64

const sizePattern = `^[0-9]+(\.[0-9]+)?(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$`

var (
	errSize   = errors.New("want a size such as 10MiB or 64KB")
	errTooBig = errors.New("the size is too big")
)

// ParseSize reads a size; its error says what a size looks like.
func ParseSize(text string) (Size, error) {
	number, unit, rest, ok := cutQuantity(text)
	length := sizeUnit(unit)
	if !ok || rest != "" || length == 0 {
		return 0, errSize
	}
	total, ok := scaled(number, length)
	if !ok {
		return 0, errTooBig
	}
	return Size(total), nil
}

func sizeUnit(unit string) int64 {
	for _, u := range sizeUnits() {
		if u.name == unit {
			return u.bytes
		}
	}
	return 0
}

type sizeName struct {
	name  string
	bytes int64
}

// sizeUnits lists the units, the one to print first first.
func sizeUnits() []sizeName {
	return []sizeName{
		{"TiB", 1 << 40},
		{"TB", 1e12},
		{"GiB", 1 << 30},
		{"GB", 1e9},
		{"MiB", 1 << 20},
		{"MB", 1e6},
		{"KiB", 1 << 10},
		{"KB", 1e3},
		{"B", 1},
	}
}

// String renders the size exactly, in the largest unit that divides it.
func (s Size) String() string {
	for _, u := range sizeUnits() {
		if s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return "0B"
}

// MarshalText implements encoding.TextMarshaler.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Size) UnmarshalText(text []byte) error {
	v, err := ParseSize(string(text))
	if err != nil {
		return fmt.Errorf("%w, found %q", err, text)
	}
	*s = v
	return nil
}

// DecodeNode implements NodeDecoder.
func (s *Size) DecodeNode(n *Node) Issues {
	if n.Kind == Int {
		v, err := strconv.ParseInt(n.Text, 10, 64)
		if err != nil || v < 0 {
			return Issues{n.Issue("%v, found %s", errSize, n.found())}
		}
		*s = Size(v)
		return nil
	}
	return decodeText(n, s, ParseSize, errSize)
}

// JSONSchema implements the schema generator's hook.
func (Size) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		AnyOf: []*jsonschema.Schema{
			{Type: "string", Pattern: sizePattern},
			{Type: "integer", Minimum: "0"},
		},
		Examples: []any{"10MiB", "64KB"}, Description: "a size: a number and B, KB, MB, GB, KiB, MiB or GiB, or bytes",
	}
}
