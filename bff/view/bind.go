package view

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"atrium/bff/expr"
	"atrium/clients/rawjson"
	"atrium/clients/schema"
	"atrium/tenants/document"
)

// maxFieldErrors bounds what is reported of one request.
const maxFieldErrors = 50

// Bind checks a request against what the view takes and makes the Input of a Run. It reports every mistake; when there
// are any there is no Input.
func (p *Program) Bind(r *Request) (*Input, []FieldError) {
	b := binder{}
	env := make(expr.Env, p.inputs.slots)
	env[slotPath] = b.path(p, r.Path)
	env[slotQuery] = b.query(p, r)
	if p.Body != nil {
		env[slotBody] = b.body(p, r.Body)
	}
	if len(b.errors) > 0 {
		return nil, b.errors
	}
	if p.inputs.used[slotHeader] {
		env[slotHeader] = p.inputs.header(r.Header)
	}
	if p.inputs.used[slotNow] {
		env[slotNow] = Now(r.Now)
	}
	env[slotUser], env[slotTenant], env[slotVars] = r.User, r.Tenant, r.Vars
	return &Input{env: env}, nil
}

// A binder collects the mistakes of a request.
type binder struct{ errors []FieldError }

func (b *binder) report(pointer, message string) {
	if len(b.errors) < maxFieldErrors {
		b.errors = append(b.errors, FieldError{Pointer: pointer, Message: message})
	}
}

// path makes the name path.
func (b *binder) path(p *Program, values []string) []byte {
	dst := make([]byte, 0, 64)
	dst = append(dst, '{')
	for i := range p.Path {
		param := &p.Path[i]
		if i >= len(values) || values[i] == "" && !param.Required {
			continue
		}
		dst = b.param(dst, param, "/path", values[i:i+1])
	}
	return append(dst, '}')
}

// query makes the name query out of the parameters that the view takes.
func (b *binder) query(p *Program, r *Request) []byte {
	if len(p.Query) == 0 {
		return emptyObject
	}
	dst := make([]byte, 0, 128)
	dst = append(dst, '{')
	for i := range p.Query {
		param := &p.Query[i]
		values := r.Query[param.Name]
		switch {
		case len(values) > 0:
			dst = b.param(dst, param, "/query", values)
		case param.Default != nil:
			dst = append(appendName(dst, param.Name), param.Default...)
		case param.Required:
			b.report(document.PointerTo("/query", param.Name), "is missing; want "+param.Type.String())
		}
	}
	return append(dst, '}')
}

var emptyObject = []byte("{}")

func appendName(dst []byte, name string) []byte {
	return append(rawjson.AppendQuoted(appendComma(dst), name), ':')
}

// param appends a parameter as JSON of its type.
func (b *binder) param(dst []byte, p *Param, root string, values []string) []byte {
	pointer := document.PointerTo(root, p.Name)
	dst = appendName(dst, p.Name)
	start := len(dst)
	dst, problem := appendParam(dst, p, values)
	if problem != "" {
		b.report(pointer, problem)
		return append(dst[:start], null...)
	}
	for _, m := range p.Type.CheckInput(dst[start:], maxMistakes) {
		b.report(pointer+m.Pointer, m.String())
	}
	return dst
}

// appendParam appends the JSON that a parameter's text stands for; problem says why it stands for none.
func appendParam(dst []byte, p *Param, values []string) (_ []byte, problem string) {
	if p.Type.Kind == schema.Array {
		dst = append(dst, '[')
		for _, v := range values {
			if dst, problem = appendText(appendComma(dst), orAny(p.Type.Elem), v); problem != "" {
				return dst, problem
			}
		}
		return append(dst, ']'), ""
	}
	if len(values) > 1 {
		return dst, "want one value, found " + strconv.Itoa(len(values))
	}
	return appendText(dst, p.Type, values[0])
}

// appendText appends the JSON that a text stands for where a type is wanted.
func appendText(dst []byte, t *schema.Type, text string) (_ []byte, problem string) {
	switch t.Kind {
	case schema.Integer, schema.Number, schema.Bool, schema.Null:
		if isScalar(text, t.Kind) {
			return append(dst, text...), ""
		}
		return dst, "want " + t.NotNull().String() + ", found text"
	case schema.Object, schema.Array:
		if rawjson.Valid([]byte(text)) != nil {
			return dst, "want " + t.NotNull().String() + " as JSON"
		}
		return append(dst, text...), ""
	case schema.Union:
		for _, one := range t.OneOf {
			start := len(dst)
			if out, problem := appendText(dst, one, text); problem == "" && one.CheckInput(out[start:], 1) == nil {
				return out, ""
			}
		}
		return dst, "want " + t.NotNull().String()
	case schema.Any, schema.String:
	}
	return rawjson.AppendQuoted(dst, text), ""
}

// isScalar reports whether a text is the JSON of a number, condition or null.
func isScalar(text string, want schema.Kind) bool {
	raw := []byte(text)
	if rawjson.Valid(raw) != nil || strings.TrimSpace(text) != text {
		return false
	}
	switch rawjson.Kind(raw) {
	case rawjson.Number:
		return want == schema.Integer || want == schema.Number
	case rawjson.Bool:
		return want == schema.Bool
	case rawjson.Null:
		return want == schema.Null
	case rawjson.Invalid, rawjson.String, rawjson.Array, rawjson.Object:
	}
	return false
}

// body checks the body.
func (b *binder) body(p *Program, raw []byte) []byte {
	if len(raw) == 0 {
		if p.BodyRequired {
			b.report("/body", "is missing; want "+p.Body.String())
		}
		return null
	}
	if err := rawjson.Valid(raw); err != nil {
		b.report("/body", fmt.Sprintf("is not JSON: %v", err))
		return null
	}
	t := p.Body
	if !p.BodyRequired {
		t = t.OrNull()
	}
	mistakes := t.CheckInput(raw, maxFieldErrors)
	for _, m := range mistakes {
		b.report("/body"+m.Pointer, m.String())
	}
	if len(mistakes) == 0 && p.inputs.defaults {
		raw = appendDefaults(make([]byte, 0, len(raw)+64), t, raw, math.MaxInt8)
	}
	return raw
}

// header makes the name header: the headers that are mentioned, their values joined by commas.
func (in *inputs) header(h http.Header) []byte {
	dst := []byte{'{'}
	if in.all {
		for name, values := range h {
			dst = appendHeader(dst, strings.ToLower(name), values)
		}
		return append(dst, '}')
	}
	for _, name := range in.headers {
		if values := h.Values(name); len(values) > 0 {
			dst = appendHeader(dst, name, values)
		}
	}
	return append(dst, '}')
}

func appendHeader(dst []byte, name string, values []string) []byte {
	return rawjson.AppendQuoted(appendName(dst, name), strings.Join(values, ", "))
}

// Now makes the name now: its type is NowType.
func Now(t time.Time) []byte {
	t = t.UTC()
	dst := make([]byte, 0, 80)
	dst = t.AppendFormat(append(dst, `{"date":"`...), time.DateOnly)
	dst = t.AppendFormat(append(dst, `","time":"`...), time.RFC3339)
	dst = strconv.AppendInt(append(dst, `","unix":`...), t.Unix(), 10)
	return append(dst, '}')
}
