package httpcache

import (
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
)

// directives are those of a Cache-Control field, or of a targeted one: lower-case names and their arguments, "" for none.
type directives map[string]string

// invalid is the argument of a directive that comes twice with different arguments, or with one of a wrong type.
const invalid = "\x00"

func (d directives) has(name string) bool {
	_, ok := d[name]
	return ok
}

// seconds returns the argument of a directive as a time. One that is no number of seconds counts as zero: not fresh.
func (d directives) seconds(name string) (t time.Duration, present bool) {
	argument, present := d[name]
	return deltaSeconds(argument), present
}

// deltaSeconds reads RFC 9111's delta-seconds. What is none is zero, and what is beyond 32 bits is as long as they can say.
func deltaSeconds(s string) time.Duration {
	var n int64
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0
		}
		n = min(n*10+int64(c-'0'), math.MaxInt32)
	}
	return time.Duration(n) * time.Second
}

// cacheControl parses Cache-Control. What is malformed has a name that nobody asks for, or the argument invalid.
func cacheControl(lines []string) directives {
	d := directives{}
	for _, line := range lines {
		for line != "" {
			var member string
			member, line = cutMember(line)
			name, argument, _ := strings.Cut(strings.Trim(member, " \t"), "=")
			if name == "" {
				continue
			}
			if len(argument) >= 2 && argument[0] == '"' && argument[len(argument)-1] == '"' {
				argument = argument[1 : len(argument)-1]
			}
			name = strings.ToLower(name)
			if earlier, twice := d[name]; twice && earlier != argument {
				argument = invalid
			}
			d[name] = argument
		}
	}
	return d
}

// cutMember takes the first member off a list; commas in quoted strings do not end one.
func cutMember(list string) (member, rest string) {
	quoted := false
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			return list[:i], list[i+1:]
		}
	}
	return list, ""
}

// targetedField is the targeted field for caches like this one (RFC 9213, section 3.1).
const targetedField = "Cdn-Cache-Control"

// targeted parses a targeted field; false when there is none, or none that may be used.
func targeted(lines []string) (directives, bool) {
	if len(lines) == 0 {
		return nil, false
	}
	dictionary, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil || len(dictionary.Names()) == 0 {
		return nil, false
	}
	d := directives{}
	for _, name := range dictionary.Names() {
		member, _ := dictionary.Get(name)
		argument, ok := argumentOf(member)
		if !ok && timed[name] {
			return nil, false // of a wrong type: as if the field were not there
		}
		d[name] = argument
	}
	return d, true
}

// timed are the directives of which the argument is a time.
var timed = map[string]bool{"max-age": true, "s-maxage": true, "stale-while-revalidate": true, "stale-if-error": true}

func argumentOf(m httpsfv.Member) (string, bool) {
	item, ok := m.(httpsfv.Item)
	if !ok {
		return invalid, false
	}
	n, ok := item.Value.(int64)
	if !ok || n < 0 {
		return invalid, false
	}
	text, err := httpsfv.Marshal(httpsfv.NewItem(n))
	return text, err == nil
}

// responseDirectives are those that bind this cache: of the targeted field, which makes Cache-Control and Expires mean
// nothing, or of Cache-Control.
func responseDirectives(h http.Header) (d directives, isTargeted bool) {
	if d, ok := targeted(h[targetedField]); ok {
		return d, true
	}
	return cacheControl(h["Cache-Control"]), false
}

// wishes are what a client asks of the cache.
type wishes struct {
	noStore      bool // nothing of this exchange is to be kept
	onlyIfCached bool
	revalidate   bool          // not without the upstream's confirmation
	maxAge       time.Duration // not older; negative for any age
	minFresh     time.Duration // fresh for so much longer
}

func wishesOf(h http.Header) wishes {
	d := cacheControl(h["Cache-Control"])
	w := wishes{noStore: d.has("no-store"), onlyIfCached: d.has("only-if-cached"), revalidate: d.has("no-cache"), maxAge: -1}
	if age, ok := d.seconds("max-age"); ok {
		w.maxAge = age
		w.revalidate = w.revalidate || age == 0
	}
	w.minFresh, _ = d.seconds("min-fresh")
	if len(d) == 0 && cacheControl(h["Pragma"]).has("no-cache") {
		w.revalidate = true
	}
	return w
}
