package tenants

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Kind is one of the four kinds of documents. Its text is the kind's folder and its name in the admin API.
type Kind string

// The kinds of documents, in the order in which they build on each other.
const (
	KindSpecs   Kind = "specs"   // OpenAPI documents that type upstreams
	KindAPIs    Kind = "apis"    // upstreams, models and routes
	KindPlans   Kind = "plans"   // named sets of limits
	KindTenants Kind = "tenants" // who is served which API
)

// Kinds lists the kinds in the order in which they build on each other.
func Kinds() []Kind { return []Kind{KindSpecs, KindAPIs, KindPlans, KindTenants} }

// Valid says whether k is one of the four kinds.
func (k Kind) Valid() bool {
	return k == KindSpecs || k == KindAPIs || k == KindPlans || k == KindTenants
}

// MaxText bounds the text of a document of the kind, in bytes: 32 MiB for specs, 4 MiB for the rest.
func (k Kind) MaxText() int {
	if k == KindSpecs {
		return 32 << 20
	}
	return 4 << 20
}

// A Document is the text of one document as a Store keeps it.
type Document struct {
	Kind     Kind
	Name     string
	Text     []byte // never written to
	Revision int64  // grows with each change, also across deletion; 0 when it was never stored
	Modified time.Time
	Path     string // what issues name, such as "apis/storefront.yaml"
	Fault    string // why the text could not be read, for the operator; empty when it was
}

// Key is the document's kind and name as one text: "apis/storefront".
func (d *Document) Key() string { return string(d.Kind) + "/" + d.Name }

// MaxNameLength bounds the names of specs, APIs and plans; ids of tenants have a bound of their own.
const MaxNameLength = 64

var errName = fmt.Errorf("a name has 1 to %d letters, digits, dots, dashes and underscores, "+
	"and starts and ends with a letter or digit", MaxNameLength)

// CheckName says what is wrong with a document's name; nil when nothing is. The name of a tenant's document is its id.
// A name that passes is safe as a file name and in keys.
func CheckName(kind Kind, name string) error {
	if kind == KindTenants {
		_, err := ParseID(name)
		return err
	}
	if name == "" || len(name) > MaxNameLength {
		return errName
	}
	for i := range len(name) {
		edge := i == 0 || i == len(name)-1
		if !isAlphanumeric(name[i]) && (edge || !strings.ContainsRune("._-", rune(name[i]))) {
			return errName
		}
	}
	if strings.Contains(name, "..") {
		return errors.New("a name has no two dots in a row")
	}
	return nil
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// DefaultPath names the file of a document that has none yet: "apis/storefront.yaml", or .json when text is JSON.
func DefaultPath(kind Kind, name string, text []byte) string {
	if json.Valid(text) {
		return string(kind) + "/" + name + ".json"
	}
	return string(kind) + "/" + name + ".yaml"
}
