package schema

import "regexp"

// Kind is the shape of a Type.
type Kind uint8

// The kinds of a Type.
const (
	Any     Kind = iota // nothing is known: every use is allowed and checked at run time
	Null                // only null
	Bool                // true or false
	Integer             // a number without fraction; its digits are kept
	Number              // any number; its digits are kept
	String              // text; see Type.Format and Type.Enum
	Array               // see Type.Elem
	Object              // see Type.Fields and Type.Extra
	Union               // one of Type.OneOf
)

// A Type says what JSON a value holds. Types form a graph: recursive schemas point back to themselves,
// so walk them by Name or with a visited set. A Type is immutable once built.
type Type struct {
	Kind        Kind
	Name        string // the component it was declared as, "" when inline; every cycle passes through a named type
	Description string
	Format      string   // as in JSON Schema: "date-time", "int64", "uuid", ...
	Enum        []string // the JSON text of each allowed value but null, empty when free
	Nullable    bool     // null is allowed besides Kind; never set on Any and Null, which allow it anyway
	Default     []byte   // JSON of what an absent value means, nil when the schema says nothing
	Elem        *Type    // Array: its elements; nil means Any
	Fields      []Field  // Object: declared members, in the order declared
	Extra       *Type    // Object: the type of undeclared members; nil when they may not be referred to
	Closed      bool     // Object: undeclared members are refused (additionalProperties: false)
	Written     bool     // Object: written out in a template, see AssignableTo
	OneOf       []*Type  // Union: its alternatives, at least two
	Limits      *Limits  // further bounds that Check holds; nil when there are none

	plain *Type // of a Type made nullable: the same without null
}

// A Field is a declared member of an Object.
type Field struct {
	Name        string
	Type        *Type
	Description string // of this use of the type; "" when the type's says it all
	Required    bool   // always present (it may still be null when its type is Nullable)
	ReadOnly    bool   // present in answers only: an input need not have it, even when it is Required
	WriteOnly   bool   // present in inputs only, so that it is never Required
}

// Limits bound a value beyond its shape. A nil pointer, zero minimum or empty text means no bound.
type Limits struct {
	Minimum, Maximum                   *float64 // of numbers
	ExclusiveMinimum, ExclusiveMaximum bool     // the bound itself is refused
	MultipleOf                         *float64
	MinLength                          int // of text, in characters
	MaxLength                          *int
	Pattern                            string // an ECMA 262 regular expression, as written
	MinItems                           int
	MaxItems                           *int
	UniqueItems                        bool
	MinProperties                      int
	MaxProperties                      *int

	pattern *regexp.Regexp // nil when Pattern is empty or beyond RE2: then it is not checked
}
