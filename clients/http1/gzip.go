package http1

import (
	"compress/gzip"
	"net/http"
	"sync"
)

// unzipped decompresses a body. Its reader is another's when it is closed.
type unzipped struct {
	body *body
	t    *Transport

	mu   sync.Mutex
	zip  *gzip.Reader
	err  error
	shut bool
}

// Read implements io.Reader.
func (u *unzipped) Read(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.shut {
		return 0, http.ErrBodyReadAfterClose
	}
	if u.err != nil {
		return 0, u.err
	}
	if u.zip == nil {
		if u.err = u.open(); u.err != nil {
			return 0, u.err
		}
	}
	n, err := u.zip.Read(p)
	u.err = err
	return n, err
}

func (u *unzipped) open() error {
	if kept, ok := u.t.unzippers.Get().(*gzip.Reader); ok {
		u.zip = kept
		return kept.Reset(u.body)
	}
	var err error
	u.zip, err = gzip.NewReader(u.body)
	return err
}

// Close implements io.Closer.
func (u *unzipped) Close() error {
	err := u.body.Close() // ends a Read that waits
	u.mu.Lock()
	defer u.mu.Unlock()
	u.shut = true
	if u.zip != nil {
		u.t.unzippers.Put(u.zip)
		u.zip = nil
	}
	return err
}
