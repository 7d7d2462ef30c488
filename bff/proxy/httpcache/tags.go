package httpcache

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/dunglas/httpsfv"

	"atrium/cache"
)

// maxGroups bounds the groups of an answer (RFC 9875, section 2); one with more is not kept, because it could not be found.
const maxGroups = 32

// uriTag is the tag of all that is kept of a URI.
func uriTag(u *url.URL) string { return "uri " + origin(u) + u.RequestURI() }

// groupTag is the tag of a group, which belongs to its origin.
func groupTag(u *url.URL, group string) string { return "group " + origin(u) + " " + group }

func origin(u *url.URL) string { return strings.ToLower(u.Scheme + "://" + u.Host) }

// tags are those by which an answer is found: of its URI and of its groups. Groups are also tags as documents write them,
// so that a purge by tag finds them. false: too many.
func tags(u *url.URL, h http.Header) ([]string, bool) {
	groups := groupsOf(h["Cache-Groups"])
	all := make([]string, 1, 1+2*len(groups))
	all[0] = uriTag(u)
	for _, g := range groups {
		all = append(all, groupTag(u, g), g)
	}
	return all, len(groups) <= maxGroups
}

// groupsOf parses a list of strings; what is malformed is no list.
func groupsOf(lines []string) []string {
	list, err := httpsfv.UnmarshalList(lines)
	if err != nil {
		return nil
	}
	var groups []string
	for _, member := range list {
		if item, ok := member.(httpsfv.Item); ok {
			if name, ok := item.Value.(string); ok && name != "" {
				groups = append(groups, name)
			}
		}
	}
	return groups
}

// safe methods change nothing (RFC 9110, section 9.2.1).
func safe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// Invalidate forgets what the answer to a request with an unsafe method made stale (RFC 9111, section 4.4, and RFC 9875,
// section 3): what is kept for the tenant of the URI, of those that its Location and Content-Location name at the same
// origin, and of the groups that it names. Call it before the answer is passed on.
func (c *Cache) Invalidate(ctx context.Context, tenant string, sent *http.Request, status int, h http.Header) error {
	if safe(sent.Method) || status < 200 || status >= 400 {
		return nil
	}
	forget := []string{uriTag(sent.URL)}
	for _, name := range []string{"Location", "Content-Location"} {
		if u, err := sent.URL.Parse(h.Get(name)); err == nil && h.Get(name) != "" && origin(u) == origin(sent.URL) {
			forget = append(forget, uriTag(u))
		}
	}
	for i, g := range groupsOf(h["Cache-Group-Invalidation"]) {
		if i == maxGroups {
			break
		}
		forget = append(forget, groupTag(sent.URL, g))
	}
	return c.store.Purge(ctx, tenant, cache.Purge{Tags: forget})
}
