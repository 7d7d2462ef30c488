package rest

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"atrium/clients"
	"atrium/clients/rawjson"
)

// Args are what a call is made with.
type Args struct {
	Params  [][]byte      // valid JSON by the index of Operation.Params; nil or null means absent
	Body    []byte        // valid JSON; nil means none
	Header  http.Header   // extra headers that are allowed already; those of the connection are left out
	Timeout time.Duration // of this call with all its tries, where shorter than the upstream's; zero means the upstream's

	Forwarded bool // Header carries the user's own credential
}

// A Request is a call that has been checked and escaped. It may be sent more than once, also at the same time.
type Request struct {
	operation *Operation
	target    *Target
	url       *url.URL
	text      string // of url
	header    http.Header
	body      []byte
	timeout   time.Duration
	forwarded bool
}

// An ArgError says which argument of a call cannot be sent. It shows no value.
type ArgError struct {
	Name string // of the parameter, "body" or "header NAME"
	Err  error
}

// Error implements error.
func (e *ArgError) Error() string { return e.Name + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *ArgError) Unwrap() error { return e.Err }

var errRequired = errors.New("it is required")

// Request builds a call. The error is a *clients.Error of Kind Request, its cause an *ArgError where an argument is at
// fault.
func (o *Operation) Request(t *Target, a Args) (*Request, error) {
	r, err := o.build(t, a)
	if err != nil {
		return nil, &clients.Error{
			Kind: clients.Request, Upstream: t.upstream.Name, Operation: o.ID, Err: err, Forwarded: a.Forwarded,
		}
	}
	return r, nil
}

func (o *Operation) build(t *Target, a Args) (*Request, error) {
	if o.Unsupported != "" {
		return nil, fmt.Errorf("it cannot be called: %s", o.Unsupported)
	}
	if err := o.checkArgs(a); err != nil {
		return nil, err
	}
	r := &Request{operation: o, target: t, timeout: t.upstream.Timeout, forwarded: a.Forwarded}
	if a.Timeout > 0 {
		r.timeout = min(r.timeout, a.Timeout)
	}
	text := make([]byte, 0, len(t.prefix)+len(o.Path)+64)
	text, err := o.appendURL(append(text, t.prefix...), a)
	if err != nil {
		return nil, err
	}
	r.text = string(text)
	if r.url, err = url.Parse(r.text); err != nil {
		return nil, errors.New("its URL cannot be parsed")
	}
	if err := r.setHeader(a); err != nil {
		return nil, err
	}
	return r, r.setBody(a.Body)
}

// checkArgs checks that what is required is there and of the right kind.
func (o *Operation) checkArgs(a Args) error {
	if len(a.Params) > len(o.Params) {
		return fmt.Errorf("it has %d arguments for %d parameters", len(a.Params), len(o.Params))
	}
	for i, p := range o.Params {
		if i >= len(a.Params) || rawjson.IsNull(a.Params[i]) {
			if p.Required {
				return &ArgError{p.Name, errRequired}
			}
			continue
		}
		if err := p.conform(a.Params[i]); err != nil {
			return &ArgError{p.Name, err}
		}
	}
	if a.Body == nil && o.BodyRequired {
		return &ArgError{"body", errRequired}
	}
	if a.Body != nil && o.Body == nil {
		return &ArgError{"body", errors.New("the operation takes none")}
	}
	return nil
}

func (o *Operation) appendURL(dst []byte, a Args) ([]byte, error) {
	for _, seg := range o.template {
		dst = append(dst, '/')
		start := len(dst)
		for _, part := range seg {
			if part.param < 0 {
				dst = append(dst, part.text...)
				continue
			}
			text, err := o.Params[part.param].pathText(a.Params[part.param])
			if err != nil {
				return nil, &ArgError{o.Params[part.param].Name, err}
			}
			dst = append(dst, text...)
		}
		if whole := string(dst[start:]); whole == "." || whole == ".." {
			return nil, errDots
		}
	}
	query := []byte(o.query)
	for i, p := range o.Params {
		if p.In != inQuery || i >= len(a.Params) || rawjson.IsNull(a.Params[i]) {
			continue
		}
		var err error
		if query, err = p.appendQuery(query, a.Params[i]); err != nil {
			return nil, &ArgError{p.Name, err}
		}
	}
	if len(query) > 0 {
		dst = append(append(dst, '?'), query...)
	}
	return dst, nil
}

// pathText writes a path parameter. Each part of it is checked before it is escaped.
func (p *Param) pathText(raw []byte) ([]byte, error) {
	var fault error
	text, err := p.plainText(raw, func(dst, text []byte) []byte {
		if err := checkPathText(text); err != nil {
			fault = err
		}
		return appendEscaped(dst, text)
	})
	if err = errors.Join(fault, err); err != nil {
		return nil, err
	}
	if len(text) == 0 {
		return nil, errEmpty
	}
	return text, nil
}

// setHeader puts together what is sent: the operation's parameters over the call's headers, the target's over all.
func (r *Request) setHeader(a Args) error {
	header := make(http.Header, len(a.Header)+len(r.target.header)+3)
	header["Accept"] = []string{r.operation.accept}
	header["User-Agent"] = []string{"atrium"}
	for name, values := range a.Header {
		name = http.CanonicalHeaderKey(name)
		if isOwnHeader(name) {
			continue
		}
		for _, value := range values {
			if err := checkHeaderText([]byte(value)); err != nil {
				return &ArgError{"header " + name, err}
			}
		}
		header[name] = values
	}
	if err := r.setHeaderParams(header, a); err != nil {
		return err
	}
	maps.Copy(header, r.target.header)
	r.header = header
	return nil
}

func (r *Request) setHeaderParams(header http.Header, a Args) error {
	var cookies []string
	for i, p := range r.operation.Params {
		if p.In != inHeader && p.In != inCookie || i >= len(a.Params) || rawjson.IsNull(a.Params[i]) {
			continue
		}
		escape := func(dst, text []byte) []byte { return append(dst, text...) }
		if p.In == inCookie {
			escape = appendEscaped
		}
		text, err := p.plainText(a.Params[i], escape)
		if err == nil {
			err = checkHeaderText(text)
		}
		if err == nil {
			err = CheckHeaderName(p.Name)
		}
		if err != nil {
			return &ArgError{p.Name, err}
		}
		if p.In == inCookie {
			cookies = append(cookies, p.Name+"="+string(text))
		} else {
			header[http.CanonicalHeaderKey(p.Name)] = []string{string(text)}
		}
	}
	if len(cookies) > 0 {
		header["Cookie"] = []string{strings.Join(append(slices.Clone(header["Cookie"]), cookies...), "; ")}
	}
	return nil
}

func (r *Request) setBody(raw []byte) error {
	if raw == nil {
		return nil
	}
	r.body = raw
	if r.operation.bodyMedia == formMedia {
		if rawjson.Kind(raw) != rawjson.Object {
			return &ArgError{"body", errors.New("want an object")}
		}
		form, err := appendForm([]byte{}, raw)
		if err != nil {
			return &ArgError{"body", err}
		}
		r.body = form
	}
	r.header["Content-Type"] = []string{r.operation.bodyMedia}
	return nil
}

// Key returns every byte that will reach the upstream: method, URL, headers and body, except the trace. Equal keys are
// equal calls. It may hold secrets: hash it.
func (r *Request) Key() []byte {
	key := make([]byte, 0, len(r.text)+len(r.body)+256)
	key = append(append(key, r.operation.Method...), ' ')
	key = append(append(key, r.text...), '\n')
	for _, name := range slices.Sorted(maps.Keys(r.header)) {
		for _, value := range r.header[name] {
			key = append(append(key, name...), ':')
			key = append(append(key, value...), '\n')
		}
	}
	key = append(key, '\n')
	return append(key, r.body...)
}

// URL returns where the call goes; its query may hold a credential.
func (r *Request) URL() string { return r.text }

// Operation returns what is called.
func (r *Request) Operation() *Operation { return r.operation }
