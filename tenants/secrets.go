package tenants

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"atrium/tenants/document"
)

// maxSecret bounds a secret that comes from a file.
const maxSecret = 64 << 10

// resolveSecrets reads a tenant's secrets. One that cannot be read is an issue, and empty.
func (d *Directory[S, A, R]) resolveSecrets(
	sources map[string]SecretSource, root func() *document.Node,
) (map[string]Secret, document.Issues) {
	if len(sources) == 0 {
		return nil, nil
	}
	secrets := make(map[string]Secret, len(sources))
	var issues document.Issues
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		text, err := d.resolveSecret(sources[name])
		secrets[name] = NewSecret(text)
		if err == nil {
			continue
		}
		if n := root().At(document.PointerTo("/secrets", name)); n != nil {
			issues = append(issues, n.Issue("secret %q: %v", name, err))
		}
	}
	return secrets, issues
}

func (d *Directory[S, A, R]) resolveSecret(s SecretSource) (string, error) {
	switch {
	case s.Env == "" && s.File == "":
		return s.Value.Reveal(), nil
	case d.options.NoSecrets:
		return "none", nil
	case s.Env != "":
		text, ok := d.options.Env(s.Env)
		if !ok || text == "" {
			return "", fmt.Errorf("the server's environment has no %s", s.Env)
		}
		return text, nil
	default:
		return readSecret(s.File)
	}
}

// readSecret reads a secret's file. Pseudo files are refused: they hold the server's own secrets, or never end.
func readSecret(path string) (string, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", reason(path, err)
	}
	for _, pseudo := range []string{"/proc/", "/sys/", "/dev/"} {
		if strings.HasPrefix(target, pseudo) {
			return "", fmt.Errorf("%s is not a file that holds a secret", path)
		}
	}
	f, err := os.Open(target)
	if err != nil {
		return "", reason(path, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	switch {
	case err != nil:
		return "", reason(path, err)
	case len(text) > maxSecret:
		return "", fmt.Errorf("%s has more than %d bytes", path, maxSecret)
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if secret == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return secret, nil
}

// reason says why a file cannot be read.
func reason(path string, err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		err = e.Err
	}
	return fmt.Errorf("%s: %w", path, err)
}
