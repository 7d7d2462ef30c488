package chat

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"atrium/bff/problem"
	"atrium/clients"
	"atrium/clients/llm"
	"atrium/clients/rawjson"
)

// The codes of failures that are not an upstream's.
const (
	codeStopped  = "stopped"
	codeAlone    = "abandoned"
	codeShutdown = "shutting-down"
	codeTooLarge = "too-large"
	codeRounds   = "tool-rounds"
	codeLost     = "lost"
)

// errRounds is returned when a model goes on calling tools.
var errRounds = errors.New("the model called tools in every round it was given")

// A failure is how a generation broke off, as its viewers may know it: the data of a failEvent.
type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`

	// What an openai client is told: the model's own words where they are passed on.
	Type  string `json:"type"`
	Param string `json:"param,omitempty"`
}

// failureFor says what viewers may know of an error. Its cause stays with the operator, except for the model's own
// words when they are passed on.
func (gen *generation) failureFor(err error) failure {
	f := failure{Type: "server_error"}
	switch {
	case errors.Is(err, errStopped):
		f.Code, f.Message = codeStopped, "The answer was stopped."
	case errors.Is(err, errAlone):
		f.Code, f.Message = codeAlone, "The answer was cancelled: nobody was there to see it."
	case errors.Is(err, errShutdown):
		f.Code, f.Message = codeShutdown, "The server is shutting down."
	case errors.Is(err, errLogFull):
		f.Code, f.Message = codeTooLarge, "The answer is too long."
	case errors.Is(err, errRounds):
		f.Code, f.Message = codeRounds, "The model did not come to an answer."
	default:
		p := problem.From(err)
		f.Code, f.Message = p.Code, brokeOff(err, p.Detail)
		if gen.quotes {
			quote(&f, err)
		}
	}
	return f
}

// brokeOff says what became of an answer that had begun, where the model is to blame; else otherwise.
func brokeOff(err error, otherwise string) string {
	e, ok := errors.AsType[*clients.Error](err)
	switch {
	case !ok:
		return otherwise
	case e.Kind == clients.Timeout:
		return "The model took too long."
	case e.Kind == clients.Status:
		return "The model reported an error."
	case e.Kind == clients.TooLarge:
		return "The model's answer is too large."
	}
	return "The answer broke off."
}

// quote puts in the model's own words, unless they are about our credential.
func quote(f *failure, err error) {
	call, ok := errors.AsType[*clients.Error](err)
	said, also := errors.AsType[*llm.ModelError](err)
	if !ok || !also || said.Message == "" || isCredential(call.Status) {
		return
	}
	f.Message, f.Param = said.Message, said.Param
	if said.Code != "" {
		f.Code = said.Code
	}
	if said.Type != "" {
		f.Type = said.Type
	}
}

func isCredential(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

func (f failure) json() []byte {
	text, err := json.Marshal(f)
	if err != nil { // strings always encode
		return []byte("{}")
	}
	return text
}

func failureOf(e event) failure {
	var f failure
	_ = json.Unmarshal(e.data, &f) // written by json
	return f
}

// appendOpenAI appends the only form of an error in a stream that every openai client understands.
func (f failure) appendOpenAI(dst []byte) []byte {
	dst = appendObject(dst, `{"error":{`, "message", f.Message, "type", f.Type, "code", f.Code)
	dst = append(dst[:len(dst)-1], `,"param":`...)
	if f.Param == "" {
		return append(dst, "null}}"...)
	}
	return append(rawjson.AppendQuoted(dst, f.Param), "}}"...)
}

// appendObject appends open, which ends in "{", and members with text values, and the "}" of the object.
func appendObject(dst []byte, open string, members ...string) []byte {
	dst = append(dst, open...)
	for i := 0; i < len(members); i += 2 {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(rawjson.AppendQuoted(dst, members[i]), ':')
		dst = rawjson.AppendQuoted(dst, members[i+1]) //nolint:gosec // they come in pairs
	}
	return append(dst, '}')
}

// cause is why a generation's context ended; nil while it goes on.
func cause(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}
