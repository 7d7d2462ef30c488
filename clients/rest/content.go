package rest

import (
	"mime"
	"net/http"
	"slices"
	"strings"

	"atrium/clients/schema"
	"atrium/tenants/document"
)

const (
	jsonMedia = "application/json"
	formMedia = "application/x-www-form-urlencoded"
)

// isJSON reports whether a media type holds JSON.
func isJSON(media string) bool {
	name, _, err := mime.ParseMediaType(media)
	if err != nil {
		name = strings.ToLower(strings.TrimSpace(strings.Split(media, ";")[0]))
	}
	return name == jsonMedia || name == "text/json" || strings.HasSuffix(name, "+json")
}

// pickJSON returns the JSON entry of a content mapping, plain application/json before others; "" when there is none.
// A range such as */* may be JSON.
func pickJSON(content *document.Node) (media string, entry *document.Node) {
	if content == nil {
		return "", nil
	}
	for _, fits := range []func(string) bool{
		func(name string) bool { return name == jsonMedia },
		isJSON,
		func(name string) bool {
			return strings.HasPrefix(name, "*/*") || strings.HasPrefix(name, "application/*")
		},
	} {
		for _, f := range content.Fields {
			if fits(f.Key) {
				return f.Key, f.Value
			}
		}
	}
	return "", nil
}

// sent is the media type to send or ask for where a document names one, perhaps by a range.
func sent(media string) string {
	if strings.Contains(media, "*") {
		return jsonMedia
	}
	return media
}

func (r *specReader) body(o *Operation, n *document.Node) {
	if n == nil {
		return
	}
	if n = r.schemas.Deref(n); n == nil {
		return
	}
	o.BodyRequired = isTrue(n.Get("required"))
	content := n.Get("content")
	media, entry := pickJSON(content)
	if media == "" {
		media, entry = formMedia, content.Get(formMedia)
	}
	if entry != nil {
		o.Body = r.schemas.Read(entry.Get("schema"))
		o.bodyMedia = sent(media)
		return
	}
	if o.BodyRequired {
		o.Unsupported = "its body is " + mediaNames(content)
	}
}

func mediaNames(content *document.Node) string {
	if content == nil || len(content.Fields) == 0 {
		return "of no media type"
	}
	return content.Fields[0].Key
}

// responses reads what a call answers: the JSON of its lowest 2xx status, or null where another 2xx has no body.
// 202, which stands for "later", counts when it is the only one.
func (r *specReader) responses(o *Operation, n *document.Node) {
	var found, empty bool
	var other string
	for _, code := range successes(n) {
		response := r.schemas.Deref(n.Get(code))
		if response == nil {
			continue
		}
		content := response.Get("content")
		media, entry := pickJSON(content)
		switch {
		case content == nil || len(content.Fields) == 0 || o.Method == http.MethodHead:
			empty = empty || code != "202" || !found
		case media == "":
			other = mediaNames(content)
		case !found && (code != "202" || len(successes(n)) == 1):
			found = true
			o.Response = r.schemas.Read(entry.Get("schema"))
			o.accept = sent(media)
		}
	}
	switch {
	case found && empty:
		o.Response = o.Response.OrNull()
	case found:
	case empty:
		o.Response = schema.Of(schema.Null)
	default:
		o.Response = schema.Of(schema.Any)
		if other != "" {
			o.Unsupported = "it answers " + other
		}
	}
}

// successes returns the keys of the answers that are no errors, lowest first. Where a document tells of none, default
// is all there is.
func successes(n *document.Node) []string {
	if n == nil {
		return nil
	}
	var codes []string
	for _, f := range n.Fields {
		if len(f.Key) == 3 && f.Key[0] == '2' {
			codes = append(codes, f.Key)
		}
	}
	slices.Sort(codes)
	if len(codes) == 0 && n.Get("default") != nil {
		return []string{"default"}
	}
	return codes
}
