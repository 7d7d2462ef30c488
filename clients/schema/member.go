package schema

// Field returns the type of an object's member: as declared, else Extra. Of a Union it is the union of what the
// alternatives have. A member that may be absent allows null. Of Any it is Any. It is false when there is no such
// member.
func (t *Type) Field(name string) (*Type, bool) {
	f, ok := t.Member(name)
	if !ok {
		return nil, false
	}
	if !f.Required {
		return f.Type.OrNull(), true
	}
	return f.Type, true
}

// Member is Field with what else is known of the member. Its type is as declared: that it may be absent is told by
// Required.
func (t *Type) Member(name string) (Field, bool) { return t.member(name, maxNesting) }

func (t *Type) member(name string, depth int) (Field, bool) {
	switch t.Kind {
	case Any:
		return Field{Name: name, Type: Of(Any)}, true
	case Object:
		for _, f := range t.Fields {
			if f.Name == name {
				return f, true
			}
		}
		if t.Extra != nil {
			return Field{Name: name, Type: t.Extra}, true
		}
	case Union:
		return t.memberOfEach(name, depth)
	case Null, Bool, Integer, Number, String, Array:
	}
	return Field{}, false
}

// memberOfEach joins the member of a union's alternatives. It is required only when all of them require it.
func (t *Type) memberOfEach(name string, depth int) (Field, bool) {
	if depth == 0 {
		return Field{}, false
	}
	var types []*Type
	joined := Field{Name: name, Required: true}
	for _, one := range t.OneOf {
		f, ok := one.member(name, depth-1)
		joined.Required = joined.Required && ok && f.Required
		if ok {
			types = append(types, f.Type)
		}
	}
	if len(types) == 0 {
		return Field{}, false
	}
	joined.Type = UnionOf(types...)
	return joined, true
}

// FieldNames returns the names of the declared members, in the order declared; of a Union, those of all alternatives.
func (t *Type) FieldNames() []string {
	return t.appendNames(nil, make(map[string]bool), maxNesting)
}

func (t *Type) appendNames(names []string, seen map[string]bool, depth int) []string {
	for _, f := range t.Fields {
		if !seen[f.Name] {
			seen[f.Name] = true
			names = append(names, f.Name)
		}
	}
	if depth > 0 {
		for _, one := range t.OneOf {
			names = one.appendNames(names, seen, depth-1)
		}
	}
	return names
}
