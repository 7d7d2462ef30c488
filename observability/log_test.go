package observability

import (
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"
)

func TestLogFormats(t *testing.T) {
	for format, isJSON := range map[string]bool{"": true, "auto": true, "json": true, "text": false} {
		var log logBuffer
		logger, err := newLogger(Options{LogOutput: &log, LogFormat: format, LogLevel: slog.LevelWarn})
		if err != nil {
			t.Fatal(err)
		}
		logger.Info("quiet")
		logger.Warn("loud", "tenant", "acme")
		if got := json.Valid([]byte(log.String())); got != isJSON {
			t.Errorf("format %q wrote %q", format, log.String())
		}
		if !strings.Contains(log.String(), "loud") || strings.Contains(log.String(), "quiet") {
			t.Errorf("format %q ignores the level: %q", format, log.String())
		}
	}
}

func TestAFileIsNoTerminal(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	device, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	if isTerminal(f) || !isTerminal(device) {
		t.Errorf("file %t, character device %t; want false, true", isTerminal(f), isTerminal(device))
	}
}
