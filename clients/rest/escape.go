package rest

import (
	"errors"
	"net/http"
	"slices"
	"strings"
)

const upperHex = "0123456789ABCDEF"

// isUnreserved tells the characters that RFC 3986 never needs escaped.
func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

// appendEscaped escapes all of a text but unreserved characters: it cannot end the place it is put in.
func appendEscaped(dst []byte, text []byte) []byte {
	for _, c := range text {
		if isUnreserved(c) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

// escapeLoose escapes what may not stand in a URL at all. It is for text that its author wrote as part of one.
func escapeLoose(text string) string {
	var dst []byte
	for i := range len(text) {
		c := text[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"<>\^{|}`+"`", c) >= 0 {
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		} else {
			dst = append(dst, c)
		}
	}
	return string(dst)
}

var (
	errEmpty   = errors.New("it is empty, which would change the path")
	errDots    = errors.New("it holds a dot segment, which would change the path")
	errControl = errors.New("it holds a control character")
)

// checkPathText refuses what servers have been known to take for another path once they decoded it.
func checkPathText(text []byte) error {
	if len(text) == 0 {
		return errEmpty
	}
	if hasControl(text) {
		return errControl
	}
	start := 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && text[i] != '/' && text[i] != '\\' {
			continue
		}
		if part := string(text[start:i]); part == "." || part == ".." {
			return errDots
		}
		start = i + 1
	}
	return nil
}

func hasControl(text []byte) bool {
	return slices.ContainsFunc(text, func(c byte) bool { return c < ' ' || c == 0x7f })
}

// checkHeaderText refuses what would end a header.
func checkHeaderText(text []byte) error {
	if hasControl(text) {
		return errControl
	}
	return nil
}

// CheckHeaderName reports whether callers may set a header of this name on a call to an upstream: it is a token, and
// not one of those that belong to the connection or to Atrium.
func CheckHeaderName(name string) error {
	if name == "" || len(name) > 256 {
		return errors.New("a header's name has 1 to 256 characters")
	}
	for i := range len(name) {
		if c := name[i]; !isUnreserved(c) && strings.IndexByte("!#$%&'*+^`|", c) < 0 {
			return errors.New("a header's name holds no " + string(rune(c)))
		}
	}
	if isOwnHeader(http.CanonicalHeaderKey(name)) {
		return errors.New("the header " + name + " is set by the connection")
	}
	return nil
}

// isOwnHeader tells the headers that are never taken from elsewhere.
func isOwnHeader(canonical string) bool {
	switch canonical {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer",
		"Transfer-Encoding", "Upgrade", "Host", "Content-Length", "Content-Encoding", "Accept-Encoding", "Expect",
		"Traceparent", "Tracestate", "Baggage":
		return true
	}
	return false
}
