package upstreams

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	maxFile  = 10 << 20 // bytes of one file
	maxFiles = 32       // of one tenant
	maxStore = 64 << 20 // bytes of one tenant
)

// files keeps images in memory.
type files struct {
	mu    sync.RWMutex
	named map[string]file
	size  int
}

type file struct {
	mediaType, etag string
	modified        time.Time
	content         []byte
}

func newFiles(opts Options) http.Handler {
	f := &files{named: map[string]file{}}
	f.named["logo.svg"] = newFile("image/svg+xml", []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">`+
		`<circle cx="32" cy="32" r="28" fill="#888"/><path d="M18 40l14-20 14 20z" fill="#fff"/></svg>`))
	o := newOperations(opts)
	o.add("GET /{name...}", "getFile", f.get) // HEAD too
	o.add("PUT /{name...}", "putFile", f.put)
	o.add("DELETE /{name...}", "deleteFile", f.remove)
	return o
}

func newFile(mediaType string, content []byte) file {
	sum := sha256.Sum256(content)
	return file{mediaType, `"` + hex.EncodeToString(sum[:8]) + `"`, time.Now().UTC().Truncate(time.Second), content}
}

func (f *files) get(w http.ResponseWriter, r *http.Request) {
	f.mu.RLock()
	found, ok := f.named[r.PathValue("name")]
	f.mu.RUnlock()
	if !ok {
		notFound(w, "There is no such file.")
		return
	}
	w.Header().Set("Content-Type", found.mediaType)
	w.Header().Set("ETag", found.etag)
	w.Header().Set("Cache-Control", "private, no-cache")
	http.ServeContent(w, r, "", found.modified, bytes.NewReader(found.content))
}

func (f *files) put(w http.ResponseWriter, r *http.Request) {
	name, mediaType := r.PathValue("name"), r.Header.Get("Content-Type")
	switch {
	case name == "" || len(name) > 200:
		badRequest(w, "A file has a name of at most 200 bytes.")
		return
	case !strings.HasPrefix(mediaType, "image/"):
		problem(w, http.StatusUnsupportedMediaType, "Unsupported media type", "Only images are kept here.")
		return
	}
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFile))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			problem(w, http.StatusRequestEntityTooLarge, "Too large", "A file has at most 10 MiB.")
		} else {
			badRequest(w, "The file did not arrive whole.")
		}
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	old, replaces := f.named[name]
	size := f.size - len(old.content) + len(content)
	if size > maxStore || !replaces && len(f.named) >= maxFiles {
		problem(w, http.StatusInsufficientStorage, "Full", "Delete a file first.")
		return
	}
	stored := newFile(mediaType, content)
	f.named[name], f.size = stored, size
	w.Header().Set("ETag", stored.etag)
	status := http.StatusCreated
	if replaces {
		status = http.StatusOK
	}
	writeJSON(w, status, map[string]any{"name": name, "bytes": len(content), "contentType": mediaType})
}

func (f *files) remove(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	old, ok := f.named[r.PathValue("name")]
	if !ok {
		notFound(w, "There is no such file.")
		return
	}
	f.size -= len(old.content)
	delete(f.named, r.PathValue("name"))
	w.WriteHeader(http.StatusNoContent)
}
