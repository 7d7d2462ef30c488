package tenants

import (
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"atrium/tenants/document"
)

// decodeSpec decodes a tenant's document and checks all that needs no other document. Hosts come out in normal form.
func decodeSpec(root *document.Node) (*Spec, document.Issues) {
	spec := new(Spec)
	c := &check{root: root, issues: document.Decode(root, spec)}
	if isPinned(spec.API) {
		c.report("/api", "pinning a revision is not supported yet; write %q", spec.API[:strings.IndexByte(spec.API, '@')])
	}
	c.hosts(spec.Hosts)
	c.secrets(spec.Secrets)
	c.auth(&spec.Auth, spec.Secrets)
	c.cors(&spec.CORS)
	return spec, c.issues
}

// isPinned says whether an API's name carries a revision: "storefront@7".
func isPinned(name string) bool { return strings.Contains(name, "@") }

// A check collects issues about a document by the pointers of its values.
type check struct {
	root   *document.Node
	issues document.Issues
}

// report adds an issue where the pointer leads, unless nothing readable is there: then the decoder has spoken.
func (c *check) report(pointer, format string, args ...any) {
	if n := c.root.At(pointer); n != nil && n.Kind != document.Broken {
		c.issues = append(c.issues, n.Issue(format, args...))
	}
}

func (c *check) hosts(hosts []string) {
	seen := make(map[string]bool, len(hosts))
	for i, text := range hosts {
		pointer := fmt.Sprintf("/hosts/%d", i)
		if n := c.root.At(pointer); n == nil || n.Kind != document.String {
			continue
		}
		host, err := parseHost(text)
		if err != nil {
			c.report(pointer, "%v", err)
			continue
		}
		if seen[host] {
			c.report(pointer, "the host %s is listed twice", host)
		}
		seen[host] = true
		hosts[i] = host
	}
}

// secrets checks where secrets come from. A source with an issue is emptied, so that reading it adds no second one.
func (c *check) secrets(secrets map[string]SecretSource) {
	for name, s := range secrets {
		pointer := document.PointerTo("/secrets", name)
		switch {
		case !isName(name):
			c.report(pointer, "want letters, digits and _ as in a hole, found %q", clip(name))
		case strings.HasPrefix(strings.ToUpper(s.Env), "ATRIUM_"):
			c.report(pointer+"/env", "variables that begin with ATRIUM_ are the server's own")
		case s.File != "" && !filepath.IsAbs(s.File):
			c.report(pointer+"/file", "want an absolute path, found %q", clip(s.File))
		default:
			continue
		}
		secrets[name] = SecretSource{}
	}
}

func (c *check) auth(a *Auth, secrets map[string]SecretSource) {
	ids := map[string]bool{}
	for i, key := range a.APIKeys {
		pointer := fmt.Sprintf("/auth/apiKeys/%d", i)
		if key.ID != "" && ids[key.ID] {
			c.report(pointer+"/id", "the id %q is listed twice", clip(key.ID))
		}
		ids[key.ID] = true
		if !isHash(key.Hash) {
			c.report(pointer+"/hash", `want "sha256:" and 64 lower-case hex digits`)
		}
	}
	if a.JWT != nil {
		c.address("/auth/jwt/issuer", a.JWT.Issuer)
		c.address("/auth/jwt/jwks", a.JWT.JWKS)
	}
	if a.Session != nil {
		c.address("/auth/session/issuer", a.Session.Issuer)
		name := a.Session.ClientSecret.Name
		if _, ok := secrets[name]; !ok && name != "" {
			c.report("/auth/session/clientSecret", "unknown secret %q%s", name,
				document.DidYouMean(name, slices.Collect(maps.Keys(secrets))))
		}
	}
}

func isHash(text string) bool {
	digits, ok := strings.CutPrefix(text, "sha256:")
	sum, err := hex.DecodeString(digits)
	return ok && err == nil && len(sum) == 32 && digits == strings.ToLower(digits)
}

// address checks a URL that the server itself calls. A missing one is the decoder's to report.
func (c *check) address(pointer, text string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "" {
		c.report(pointer, "want an address such as https://id.acme.com, found %q", clip(text))
	}
}

func (c *check) cors(cors *CORS) {
	for i, origin := range cors.Origins {
		pointer := fmt.Sprintf("/cors/origins/%d", i)
		if origin == "*" {
			if cors.Credentials {
				c.report(pointer, `"*" cannot be with credentials: list each origin`)
			}
			continue
		}
		if want, ok := canonicalOrigin(origin); !ok {
			c.report(pointer, "want an origin such as https://acme.com, found %q", clip(origin))
		} else if want != origin {
			c.report(pointer, "write the origin as browsers send it: %q", want)
		}
	}
}

// canonicalOrigin renders an origin as browsers send it: lower case, no default port, no path.
func canonicalOrigin(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" || u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", false
	}
	if u.Path != "" && u.Path != "/" || strings.Contains(u.Host, "*") {
		return "", false
	}
	host := strings.ToLower(u.Host)
	switch scheme := strings.ToLower(u.Scheme); scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return strings.ToLower(u.Scheme) + "://" + host, true
}
