package store

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(readOnlyFolder); dir != "" {
		os.Exit(putReadOnly(dir))
	}
	goleak.VerifyTestMain(m)
}
