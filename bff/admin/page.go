package admin

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"atrium/bff/problem"
)

// page is every list of the admin API.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"` // the cursor of what follows; absent on the last page
}

const (
	defaultLimit = 100
	mostLimit    = 1000
)

// writePage answers with a part of a list: ?limit= entries after ?cursor=. The key of an entry is what a cursor holds, so that a list
// that changes meanwhile loses nothing that stays.
func writePage[T any](c *gin.Context, all []T, key func(T) string) error {
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	start := 0
	if cursor := c.Query("cursor"); cursor != "" {
		after, err := base64.RawURLEncoding.DecodeString(cursor)
		if err != nil {
			return badRequest("/query/cursor", "want a cursor as `next` gave it")
		}
		for i, item := range all {
			if key(item) == string(after) {
				start = i + 1
			}
		}
	}
	p := page[T]{Items: []T{}}
	p.Items = append(p.Items, all[start:min(start+limit, len(all))]...)
	if start+limit < len(all) {
		p.Next = base64.RawURLEncoding.EncodeToString([]byte(key(p.Items[len(p.Items)-1])))
	}
	return writeJSON(c, http.StatusOK, p)
}

func limitOf(c *gin.Context) (int, error) {
	text := c.Query("limit")
	if text == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > mostLimit {
		return 0, badRequest("/query/limit", "want a number from 1 to "+strconv.Itoa(mostLimit))
	}
	return n, nil
}

// readJSON reads a small body strictly.
func readJSON(c *gin.Context, into any) error {
	d := json.NewDecoder(io.LimitReader(c.Request.Body, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return unread(err)
	}
	return nil
}

// unread says why a body cannot be read, where that is known.
func unread(err error) error {
	p := problem.New(http.StatusBadRequest, "invalid-request", "The body is not the JSON object that is wanted here.").Because(err)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		p.Detail = "The body is not JSON: see offset " + strconv.FormatInt(syntax.Offset, 10) + "."
	}
	if typed, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		pointer := "/" + strings.ReplaceAll(typed.Field, ".", "/")
		p.Errors = []problem.Detail{{Pointer: strings.TrimSuffix(pointer, "/"), Message: "a JSON " + typed.Value + " cannot be here"}}
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		p.Errors = []problem.Detail{{Pointer: "/" + strings.Trim(name, `"`), Message: "unknown key"}}
	}
	return p
}
