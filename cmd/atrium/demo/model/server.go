package model

import (
	"encoding/json"
	"net/http"
	"time"
)

// maxBody bounds a request.
const maxBody = 8 << 20

// Names are the models that GET /v1/models lists. Any other name is answered too.
func Names() []string { return []string{"gpt-4.1-mini", "gpt-4.1-nano", "demo", "demo-embedding"} }

// Options configure a model server.
type Options struct {
	Delay time.Duration    // before each word of a streamed answer; zero means none
	Now   func() time.Time // stamps answers; nil means time.Now
}

// New returns the handler of a pretend model. It keeps no state.
func New(opts Options) http.Handler {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &server{Options: opts}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", s.chat)
	mux.HandleFunc("POST /v1/embeddings", s.embeddings)
	mux.HandleFunc("GET /v1/models", s.models)
	return mux
}

type server struct{ Options }

func (s *server) models(w http.ResponseWriter, _ *http.Request) {
	type entry struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	var list struct {
		Object string  `json:"object"`
		Data   []entry `json:"data"`
	}
	list.Object = "list"
	for _, name := range Names() {
		list.Data = append(list.Data, entry{ID: name, Object: "model", OwnedBy: "atrium-demo"})
	}
	writeJSON(w, http.StatusOK, list)
}

// modelError is an error in OpenAI's shape.
type modelError struct {
	Error struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Code    string  `json:"code"`
		Param   *string `json:"param"`
	} `json:"error"`
}

func newError(message, typ, code string) modelError {
	var e modelError
	e.Error.Message, e.Error.Type, e.Error.Code = message, typ, code
	return e
}

func badRequest(w http.ResponseWriter, message string) {
	writeJSON(w, http.StatusBadRequest, newError(message, "invalid_request_error", "invalid_request"))
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client left: nobody to tell
}

// decode reads a JSON body into v and answers 400 when it cannot.
func decode(w http.ResponseWriter, r *http.Request, v any) bool {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(v); err != nil {
		badRequest(w, "We could not parse the JSON body of your request: "+err.Error())
		return false
	}
	return true
}
