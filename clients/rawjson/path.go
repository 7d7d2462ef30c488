package rawjson

import (
	"strconv"
	"strings"
)

// A Seg is one step of a Path: the name of an object's member or, when IsIndex, the index of a list's element.
type Seg struct {
	Name    string
	Index   int
	IsIndex bool
}

// A Path leads from a value to a value inside it. The empty Path is the value itself.
type Path []Seg

// String writes the path as in a hole: items[0].id, ["not an identifier"].
func (p Path) String() string {
	var b strings.Builder
	for i, seg := range p {
		switch {
		case seg.IsIndex:
			b.WriteString("[" + strconv.Itoa(seg.Index) + "]")
		case !isIdent(seg.Name):
			b.WriteString("[" + string(AppendQuoted(nil, seg.Name)) + "]")
		case i > 0:
			b.WriteString("." + seg.Name)
		default:
			b.WriteString(seg.Name)
		}
	}
	return b.String()
}

func isIdent(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}
