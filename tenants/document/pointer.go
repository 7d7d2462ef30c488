package document

import (
	"strconv"
	"strings"
)

// At returns the node that an RFC 6901 pointer names below n, or nil. "" is n itself.
func (n *Node) At(pointer string) *Node {
	if pointer == "" {
		return n
	}
	rest, ok := strings.CutPrefix(pointer, "/")
	if !ok {
		return nil
	}
	for token := range strings.SplitSeq(rest, "/") {
		n = n.child(unescapePointer(token))
		if n == nil {
			return nil
		}
	}
	return n
}

func (n *Node) child(token string) *Node {
	if n == nil {
		return nil
	}
	if n.Kind == Map {
		return n.Get(token)
	}
	i, err := strconv.Atoi(token)
	if err != nil || strconv.Itoa(i) != token || i < 0 || i >= len(n.Items) {
		return nil
	}
	return n.Items[i]
}

// PointerTo appends a member name or list index to a pointer, escaping it.
func PointerTo(pointer, token string) string {
	if strings.ContainsAny(token, "~/") {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
	}
	return pointer + "/" + token
}

func unescapePointer(token string) string {
	if !strings.Contains(token, "~") {
		return token
	}
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}
