package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// adminToken is the token of the flag; else the one kept in the data folder, which is made on first start.
func adminToken(flag, data string) (token, path string, err error) {
	if flag != "" {
		return flag, "", nil
	}
	path = filepath.Join(data, "admin-token")
	kept, err := os.ReadFile(path)
	if err == nil && strings.TrimSpace(string(kept)) != "" {
		return strings.TrimSpace(string(kept)), path, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", "", fmt.Errorf("read the admin token: %w", err)
	}
	token = rand.Text()
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", "", fmt.Errorf("make the data folder: %w", err)
	}
	if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
		return "", "", fmt.Errorf("keep the admin token: %w", err)
	}
	return token, path, nil
}
