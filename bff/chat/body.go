package chat

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"

	"atrium/bff/problem"
	"atrium/clients/rawjson"
)

// A body is what a chat route reads of what a caller sends. Nothing else of it goes anywhere.
type body struct {
	raw      []byte
	messages [][]byte // as they are sent to a model: role and content, nothing else
	id       string   // of the chat: useChat's, or AG-UI's thread
	run      string   // AG-UI's
	dialect  Dialect  // that its shape asks for
	whole    bool     // "stream": false
}

// readBody reads a body of at most limit bytes; zero means 1 MiB. Its errors are problems and *http.MaxBytesError.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if limit <= 0 {
		limit = 1 << 20
	}
	if r.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit} // before it is sent, if the client waits to be asked
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, err
	}
	if err != nil {
		return nil, problem.New(http.StatusBadRequest, "invalid-request", "The body could not be read to its end.").Because(err)
	}
	if err := rawjson.Valid(raw); err != nil {
		return nil, problem.New(http.StatusBadRequest, "bad-json", "The body must be JSON.").Because(err)
	}
	if rawjson.Kind(raw) != rawjson.Object {
		return nil, invalid("", "want an object with messages")
	}
	return raw, nil
}

// invalid is the problem of one mistake in a body.
func invalid(pointer, message string) *problem.Problem {
	p := problem.New(http.StatusBadRequest, "invalid-request", "The body is not what is wanted here.")
	p.Errors = []problem.Detail{{Pointer: pointer, Message: message}}
	return p
}

// parseBody reads the body of a chat route.
func parseBody(raw []byte) (*body, error) {
	b := &body{raw: raw, dialect: Text}
	var messages []byte
	var thread string
	for name, value := range rawjson.Members(raw) {
		switch name {
		case "messages":
			messages = value
		case "id":
			b.id = unquoted(value)
		case "trigger":
			b.dialect = UI
		case "threadId":
			thread = unquoted(value)
		case "runId":
			b.run = unquoted(value)
		case "stream":
			b.whole = string(value) == "false"
			fallthrough
		case "model":
			if b.dialect == Text {
				b.dialect = OpenAI
			}
		}
	}
	if thread != "" && b.run != "" {
		b.dialect, b.id = AGUI, thread
	}
	return b, b.readMessages(messages)
}

func (b *body) readMessages(messages []byte) error {
	if rawjson.Kind(messages) != rawjson.Array {
		return invalid("/messages", "want a list of messages")
	}
	i := 0
	for raw := range rawjson.Each(messages) {
		read := parseMessage
		if b.dialect == AGUI {
			read = parseAGUIMessage
		}
		m, parts, err := read(raw, i)
		if err != nil {
			return err
		}
		if m != nil {
			b.messages = append(b.messages, m)
		}
		if parts && b.dialect == Text {
			b.dialect = UI
		}
		i++
	}
	if len(b.messages) == 0 {
		return invalid("/messages", "want at least one message")
	}
	return nil
}

// parseMessage reads one message, of Chat Completions (content) or of the AI SDK (parts), and writes what of it a model
// is sent. It returns nil for a message that says nothing, such as an answer that was only tool calls.
func parseMessage(raw []byte, i int) (message []byte, parts bool, err error) {
	var role string
	var content, uiParts []byte
	for name, value := range rawjson.Members(raw) {
		switch name {
		case "role":
			role = unquoted(value)
		case "content":
			content = value
		case "parts":
			uiParts = value
		}
	}
	if role != "user" && role != "assistant" {
		return nil, false, invalid(fmt.Sprintf("/messages/%d/role", i), `want "user" or "assistant"`)
	}
	if rawjson.Kind(uiParts) == rawjson.Array {
		content, parts = fromParts(uiParts, role), true
	}
	switch rawjson.Kind(content) {
	case rawjson.String, rawjson.Array:
	case rawjson.Null, rawjson.Invalid:
		if role == "assistant" {
			return nil, parts, nil
		}
		fallthrough
	default:
		return nil, parts, invalid(fmt.Sprintf("/messages/%d/content", i), "want text or a list of parts")
	}
	return newMessage(role, content), parts, nil
}

// newMessage is a message as a model is sent it. content is JSON.
func newMessage(role string, content []byte) []byte {
	message := rawjson.AppendQuoted([]byte(`{"role":`), role)
	return append(append(append(message, `,"content":`...), content...), '}')
}

// fromParts turns the parts of an AI SDK message into content: text joined, and for users the files they attached. It
// returns nil when nothing is said.
func fromParts(parts []byte, role string) []byte {
	var text, files []byte
	for part := range rawjson.Each(parts) {
		fields := maps.Collect(rawjson.Members(part))
		switch kind := unquoted(fields["type"]); {
		case kind == "text" && rawjson.Kind(fields["text"]) == rawjson.String:
			text = append(text, fields["text"][1:len(fields["text"])-1]...)
		case kind == "file" && role == "user" && rawjson.Kind(fields["url"]) == rawjson.String:
			files = appendFile(append(files, ','), fields)
		}
	}
	switch {
	case len(files) > 0:
		content := append(append([]byte(`[{"type":"text","text":"`), text...), `"}`...)
		return append(append(content, files...), ']')
	case len(text) > 0:
		return append(append([]byte{'"'}, text...), '"')
	}
	return nil
}

func appendFile(dst []byte, fields map[string][]byte) []byte {
	if media := unquoted(fields["mediaType"]); len(media) > 6 && media[:6] == "image/" {
		dst = append(append(dst, `{"type":"image_url","image_url":{"url":`...), fields["url"]...)
		return append(dst, "}}"...)
	}
	dst = append(append(dst, `{"type":"file","file":{"file_data":`...), fields["url"]...)
	if rawjson.Kind(fields["filename"]) == rawjson.String {
		dst = append(append(dst, `,"filename":`...), fields["filename"]...)
	}
	return append(dst, "}}"...)
}

// unquoted is the text of a JSON string; "" for any other value.
func unquoted(raw []byte) string {
	if rawjson.Kind(raw) != rawjson.String {
		return ""
	}
	return string(rawjson.AppendUnquoted(nil, raw))
}
