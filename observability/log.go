package observability

import (
	"fmt"
	"io"
	"log/slog"
	"os"
)

func newLogger(opts Options) (*slog.Logger, error) {
	out := opts.LogOutput
	if out == nil {
		out = os.Stderr
	}
	handler := &slog.HandlerOptions{Level: opts.LogLevel}
	switch opts.LogFormat {
	case "text":
		return slog.New(slog.NewTextHandler(out, handler)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(out, handler)), nil
	case "", "auto":
		if isTerminal(out) {
			return slog.New(slog.NewTextHandler(out, handler)), nil
		}
		return slog.New(slog.NewJSONHandler(out, handler)), nil
	}
	return nil, fmt.Errorf("log format %q: want text, json or auto", opts.LogFormat)
}

// isTerminal takes any character device for one: a person watches it, /dev/null does not mind.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
