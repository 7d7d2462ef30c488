package expr

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"atrium/clients/rawjson"
	"atrium/clients/schema"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
)

// A typing walks the syntax tree of one expression before CEL checks it. It finds types that CEL has no words for (may
// be null, enum, union, objects written out), reports what is wrong with names, members and nulls in the words of the
// document, and rewrites what JSON sees otherwise than CEL. What functions take is left to CEL.
type typing struct {
	*compiler
	language *language
	source   string
	offset   int // of the source in the scalar's text
	tree     *ast.AST
	factory  ast.ExprFactory
	lastID   int64
	locals   []local
}

// A local is a name that a macro brings.
type local struct {
	name string
	static
}

// facts are the paths that are not null where an expression stands.
type facts []string

func (f facts) and(more []string) facts { return append(slices.Clip(f), more...) }

// without drops what is known of a name that means something else now.
func (f facts) without(root string) facts {
	return slices.DeleteFunc(slices.Clone(f), func(path string) bool {
		rest, ok := strings.CutPrefix(path, root)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// expr returns what is known of e.
func (t *typing) expr(e ast.Expr, f facts) static {
	switch e.Kind() {
	case ast.LiteralKind:
		return t.literal(e)
	case ast.IdentKind:
		return t.name(e, whole, f)
	case ast.SelectKind:
		return t.step(e, f)
	case ast.CallKind:
		return t.call(e, f)
	case ast.ListKind:
		return t.list(e, f)
	case ast.MapKind:
		return t.object(e, f)
	case ast.ComprehensionKind:
		return t.comprehension(e, f)
	case ast.StructKind:
		t.reportAt(e, `an object is written {"name": value}, without a type before it`)
	case ast.UnspecifiedExprKind:
	}
	return unknown()
}

func (t *typing) literal(e ast.Expr) static {
	switch e.AsLiteral().(type) {
	case types.Bool:
		return known(schema.Bool)
	case types.Int, types.Uint:
		return known(schema.Integer)
	case types.Double:
		return known(schema.Number)
	case types.String:
		return known(schema.String)
	case types.Bytes:
		return static{typ: schema.Of(schema.Any), other: "bytes"}
	}
	t.call1(e, "dyn") // CEL's null goes with hardly anything
	return known(schema.Null)
}

// name is an identifier of which a member, or the whole, is used.
func (t *typing) name(e ast.Expr, member string, f facts) static {
	name := e.AsIdent()
	for _, l := range slices.Backward(t.locals) {
		if l.name == name {
			return narrow(l.static, name, f)
		}
	}
	found := t.scope.find(name)
	if found == nil {
		at := t.at(e)
		if before, ok := strings.CutSuffix(t.node.Text[:min(at, len(t.node.Text))], "-"); ok {
			last := strings.TrimLeft(before[len(strings.TrimRightFunc(before, isNameRune)):], "-")
			t.report(at, `unknown name %q; a member whose name has a dash is written [%s]`, name, quote(last+"-"+name))
		} else {
			t.unknownName(at, name)
		}
		return unknown()
	}
	t.mention(name, member)
	return narrow(static{typ: found.typ}, name, f)
}

func narrow(s static, path string, f facts) static {
	if slices.Contains(f, path) {
		s.typ = s.typ.NotNull()
	}
	return s
}

func (t *typing) list(e ast.Expr, f facts) static {
	elem := nothing
	l := e.AsList()
	for i, one := range l.Elements() {
		s := t.expr(one, f)
		if !l.IsOptional(int32(i)) {
			s = t.resolved(one, s)
		}
		elem = join(elem, s.typ)
	}
	return static{typ: schema.ArrayOf(elem)}
}

func (t *typing) object(e ast.Expr, f facts) static {
	var fields []schema.Field
	extra := nothing
	literal := true
	for _, entry := range e.AsMap().Entries() {
		m := entry.AsMapEntry()
		s := t.expr(m.Value(), f)
		if !m.IsOptional() {
			s = t.resolved(m.Value(), s)
		}
		extra = join(extra, s.typ)
		name, ok := stringLiteral(m.Key())
		if !ok {
			t.nameOfMember(m.Key(), f)
			literal = false
		}
		twice := slices.ContainsFunc(fields, func(f schema.Field) bool { return f.Name == name })
		if ok && twice {
			t.reportAt(m.Key(), "the name %q is there twice", name)
		}
		fields = append(fields, schema.Field{Name: name, Type: s.typ, Required: !m.IsOptional()})
	}
	if literal {
		return static{typ: schema.ObjectOf(fields...)}
	}
	return static{typ: schema.MapOf(extra)}
}

// nameOfMember is a name that is not known before it runs.
func (t *typing) nameOfMember(e ast.Expr, f facts) {
	s := t.expr(e, f)
	t.strict(e, s)
	if s.other != "" || kindsOf(s.typ)&kindsOf(schema.Of(schema.String)) == 0 {
		t.reportAt(e, "names of an object are strings, %s is %s", t.shownText(e), cmp.Or(s.other, s.typ.String()))
	}
}

// comprehension is what a macro such as map or exists has become.
func (t *typing) comprehension(e ast.Expr, f facts) static {
	c := e.AsComprehension()
	from := t.expr(c.IterRange(), f)
	t.strict(c.IterRange(), from)
	total := t.expr(c.AccuInit(), f)
	f = f.without(c.IterVar()).without(c.AccuVar())
	outside := len(t.locals)
	t.locals = append(t.locals, local{c.AccuVar(), total}, local{c.IterVar(), each(from)})
	t.expr(c.LoopCondition(), f)
	total = joinStatic(total, t.expr(c.LoopStep(), f))
	t.locals = append(t.locals[:outside], local{c.AccuVar(), total})
	result := t.expr(c.Result(), f)
	t.locals = t.locals[:outside]
	return result
}

// each returns what a comprehension goes over: the elements of a list, the names of an object.
func each(from static) static {
	if from.typ.Kind == schema.Array {
		return static{typ: elemOf(from.typ)}
	}
	if from.typ.Kind == schema.Object {
		return known(schema.String)
	}
	return unknown()
}

// strict reports a value that may be null, or is optional, where that cannot be.
func (t *typing) strict(e ast.Expr, s static) {
	text := t.text(e)
	if s.optional {
		if outer, last, ok := lastStep(e); ok && !last.IsIndex && isIdent(last.Name) {
			text = t.text(outer) + ".?" + last.Name
		}
		t.reportAt(e, "%s may be absent: want %s.orValue(%s)", text, text, cmp.Or(zero(s.typ), "..."))
		return
	}
	if s.other == "" && mayBeNull(s.typ) {
		t.reportAt(e, "%s may be null: want %s", text, t.remedy(e, s.typ))
	}
}

// resolved is strict about optionals only.
func (t *typing) resolved(e ast.Expr, s static) static {
	if s.optional {
		t.strict(e, s)
		s.optional = false
	}
	return s
}

// remedy says how to use what may be null.
func (t *typing) remedy(e ast.Expr, typ *schema.Type) string {
	check := "a check such as != null around it"
	path, ok := pathText(e)
	if ok {
		check = "a check such as " + path + " != null"
	}
	outer, last, isStep := lastStep(e)
	if !ok || !isStep || zero(typ) == "" {
		return check
	}
	from, _ := pathText(outer)
	access := from + "[?" + last.text() + "]"
	if !last.IsIndex && isIdent(last.Name) {
		access = from + ".?" + last.Name
	}
	return access + ".orValue(" + zero(typ) + "), or " + check
}

func (s step) text() string {
	inside := rawjson.Path{s.Seg}.String()
	return strings.TrimSuffix(strings.TrimPrefix(inside, "["), "]")
}

// zero is a default to suggest.
func zero(t *schema.Type) string {
	switch t.Kind {
	case schema.String:
		return `""`
	case schema.Integer, schema.Number:
		return "0"
	case schema.Bool:
		return "false"
	case schema.Array:
		return "[]"
	case schema.Any, schema.Null, schema.Object, schema.Union:
	}
	return ""
}

// at returns where e is written, in the scalar's text: a path from its root on, anything else at its operator.
func (t *typing) at(e ast.Expr) int {
	for {
		outer, _, ok := lastStep(e)
		if !ok {
			return t.offset + t.start(e.ID())
		}
		e = outer
	}
}

// start returns the place of a node in the source, in bytes; CEL counts characters.
func (t *typing) start(id int64) int {
	where, ok := t.tree.SourceInfo().GetOffsetRange(id)
	if !ok {
		return 0
	}
	return byteOffset(t.source, int(where.Start))
}

func byteOffset(s string, characters int) int {
	at := 0
	for ; characters > 0 && at < len(s); characters-- {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return at
}

func (t *typing) reportAt(e ast.Expr, format string, args ...any) { t.report(t.at(e), format, args...) }

// text returns an expression for a message.
func (t *typing) text(e ast.Expr) string {
	if path, ok := pathText(e); ok {
		return path
	}
	return "the value"
}

func stringLiteral(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}
