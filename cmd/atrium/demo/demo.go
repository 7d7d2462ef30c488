package demo

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"atrium/cmd/atrium/demo/model"
	"atrium/cmd/atrium/demo/storefront"
	"atrium/cmd/atrium/demo/upstreams"
)

//go:embed config
var config embed.FS

// placeholder stands in the embedded documents for where the upstreams are.
const placeholder = "{{upstreams}}"

// WriteConfig writes the demo's documents below dir, for upstreams at url. What stands there under the same names is replaced.
func WriteConfig(dir, url string) error {
	files := map[string][]byte{
		"specs/crm.yaml":  upstreams.CRMSpec(),
		"specs/shop.yaml": upstreams.ShopSpec(),
	}
	err := fs.WalkDir(config, "config", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := config.ReadFile(path)
		rel, _ := filepath.Rel("config", path)
		files[rel] = bytes.ReplaceAll(text, []byte(placeholder), []byte(url))
		return err
	})
	if err != nil {
		return err
	}
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // documents, to be read by the server's user
			return fmt.Errorf("write the demo's documents: %w", err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil { //nolint:gosec // likewise
			return fmt.Errorf("write the demo's documents: %w", err)
		}
	}
	return nil
}

// Handler answers as all the demo's upstreams: /{acme,globex}/{crm,shop,files}, /site and /llm/v1.
func Handler() http.Handler {
	mux := http.NewServeMux()
	for _, tenant := range []string{"acme", "globex"} {
		mux.Handle("/"+tenant+"/", http.StripPrefix("/"+tenant, upstreams.Handler(tenant)))
	}
	mux.Handle("/site/", http.StripPrefix("/site", storefront.Handler()))
	mux.Handle("/llm/", http.StripPrefix("/llm", model.New(model.Options{})))
	return mux
}

// Serve answers on l until ctx ends.
func Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: Handler(), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the demo's upstreams: %w", err)
	}
	return nil
}
