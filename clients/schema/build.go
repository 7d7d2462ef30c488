package schema

// Of returns a type that is nothing but its kind: Any, Null, Bool, Integer, Number or String.
func Of(k Kind) *Type { return &Type{Kind: k} }

// ArrayOf returns the type of a list; a nil elem means elements of any type.
func ArrayOf(elem *Type) *Type { return &Type{Kind: Array, Elem: elem} }

// ObjectOf returns the type of an object that is written out member by member.
func ObjectOf(fields ...Field) *Type { return &Type{Kind: Object, Fields: fields, Written: true} }

// MapOf returns the type of an object with any names whose members all have type elem.
func MapOf(elem *Type) *Type { return &Type{Kind: Object, Extra: elem} }

// UnionOf returns the type of a value that has one of the types: duplicates are dropped, null becomes Nullable,
// Any swallows the rest, and a single type is returned as it is. Without types it is Null.
func UnionOf(types ...*Type) *Type { return Of(Any) }

// OrNull returns t with null allowed.
func (t *Type) OrNull() *Type { return t }

// NotNull returns t with null not allowed; Any stays Any and Null stays Null.
func (t *Type) NotNull() *Type { return t }

// AllowsNull reports whether null is a value of t.
func (t *Type) AllowsNull() bool { return t.Nullable || t.Kind == Any || t.Kind == Null }

// Field returns the type of an object's member: as declared, else Extra. Of a Union it is the union of what the
// alternatives have; a member that may be absent allows null. Of Any it is Any.
func (t *Type) Field(name string) (*Type, bool) { return nil, false }

// Member is Field with what else is known of the member. Its type is as declared: an optional member is told by Required.
func (t *Type) Member(name string) (Field, bool) { return Field{}, false }

// FieldNames returns the names of the declared members, in the order declared.
func (t *Type) FieldNames() []string { return nil }

// String says it in words: "text", "list of Order", "Customer or null".
func (t *Type) String() string { return "" }

// A Mismatch is one place where a value of one type does not fit another.
type Mismatch struct {
	Pointer string // RFC 6901, from the value's root
	Reason  string // such as "want integer, found text"
	Null    bool   // the only fault is that it may be null
}

// AssignableTo reports all that keeps a value of type t from being used where want is wanted; nil when nothing does.
func (t *Type) AssignableTo(want *Type) []Mismatch { return nil }

// A Mistake is one place where JSON is not of its type. It names no value, so that it may be shown.
type Mistake struct {
	Pointer  string // RFC 6901
	Expected string // such as "integer", "at most 100 characters"
	Found    string // such as "text", "nothing"
}

// Check reports at most limit places where valid JSON is not of type t; nil when it is.
func (t *Type) Check(raw []byte, limit int) []Mistake { return nil }

// CheckInput is Check for what a caller sends: members that are ReadOnly need not be there.
func (t *Type) CheckInput(raw []byte, limit int) []Mistake { return nil }

// Defs collects the named types of emitted schemas.
type Defs struct{}

// NewDefs returns an empty collection whose references start with prefix, such as "#/components/schemas/".
func NewDefs(prefix string) *Defs { return &Defs{} }

// JSONSchema returns t as JSON Schema 2020-12; named types become references into defs.
func (t *Type) JSONSchema(defs *Defs) []byte { return nil }

// JSON returns the collected components as a JSON object, sorted by name; "{}" when there are none.
func (d *Defs) JSON() []byte { return nil }
