package schema

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
	Name        string // the component it was declared as, "" when inline
	Description string
	Format      string   // as in JSON Schema: "date-time", "int64", "uuid", ...
	Enum        []string // the JSON text of each allowed value, empty when free
	Nullable    bool     // null is allowed besides Kind
	Elem        *Type    // Array: its elements; nil means Any
	Fields      []Field  // Object: declared members, in the order declared
	Extra       *Type    // Object: the type of undeclared members; nil when they may not be referred to
	OneOf       []*Type  // Union: its alternatives, at least two
	Source      []byte   // the JSON Schema it came from (refs resolvable inside Defs of the emitter), nil when inferred
}

// A Field is a declared member of an Object.
type Field struct {
	Name     string
	Type     *Type
	Required bool // always present (it may still be null when its type is Nullable)
}
