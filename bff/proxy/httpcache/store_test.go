package httpcache_test

import (
	"strconv"
	"testing"
	"time"
)

func TestWhatIsKept(t *testing.T) {
	tell(t, []story{
		twice("no-store", "Cache-Control: no-store", "new"),
		twice("no-store and max-age", "Cache-Control: max-age=3600, no-store", "new"),
		twice("no-store in any case", "Cache-Control: max-age=3600, No-StOrE", "new"),
		twice("private", "Cache-Control: private, max-age=3600", "new"),
		twice("private of a field", `Cache-Control: private="X-A", max-age=3600`, "new"),
		twice("private with s-maxage", "Cache-Control: private, s-maxage=3600", "new"),
		twice("no-cache without a validator", "Cache-Control: no-cache, max-age=3600", "new"),
		twice("no-cache of a field", `Cache-Control: no-cache="X-A", max-age=3600`, "new"),
		twice("no-cache on a line of its own", "Cache-Control: max-age=3600\nCache-Control: no-cache", "new"),
		twice("public alone says nothing of time", "Cache-Control: public", "new"),
		twice("Set-Cookie", "Cache-Control: max-age=3600\nSet-Cookie: a=b", "new"),
		twice("an event stream", "Cache-Control: max-age=3600\nContent-Type: text/event-stream; charset=utf-8", "new"),
		twice("Pragma of an answer means nothing", "Cache-Control: max-age=3600\nPragma: no-cache", "cached"),
		twice("unknown fields stay", "Cache-Control: max-age=3600\nX-Unknown: a", "cached"),
		{"fields of the connection and ours go, all others stay", []visit{
			{
				answer: "Cache-Control: max-age=60\nConnection: close, X-Hop\nX-Hop: 1\nKeep-Alive: timeout=5\n" +
					"Proxy-Authenticate: Basic\nProxy-Authentication-Info: a\nX-Powered-By: php\nX-Kept: a\nX-Kept: b\n" +
					"Access-Control-Allow-Origin: *\nCache-Status: other; hit\nContent-Type: text/plain",
				want: "new",
			},
			{
				want:  "cached",
				has:   "X-Kept: a, b\nCache-Status: other; hit, atrium; hit; ttl=60\nContent-Length: 6\nContent-Type: text/plain",
				lacks: "Connection X-Hop Keep-Alive Proxy-Authenticate Proxy-Authentication-Info X-Powered-By Access-Control-Allow-Origin",
			},
		}},
		{"a query is part of the key, tenants are apart, and so are paths", []visit{
			{answer: "Cache-Control: max-age=60", want: "new"},
			{path: "/a?", answer: "Cache-Control: max-age=60", want: "cached"},
			{path: "/a?b=1", answer: "Cache-Control: max-age=60", want: "new"},
			{path: "/a?b=2", answer: "Cache-Control: max-age=60", want: "new"},
			{path: "/a/", answer: "Cache-Control: max-age=60", want: "new"},
			{path: "/%61", answer: "Cache-Control: max-age=60", want: "new"},
			{tenant: "globex", answer: "Cache-Control: max-age=60", want: "new"},
			{want: "cached"},
		}},
	})
}

func TestStatuses(t *testing.T) {
	const long = "Cache-Control: max-age=3600"
	for status, kept := range map[int]string{
		200: "cached", 203: "cached", 204: "cached", 299: "cached", 300: "cached", 301: "cached", 302: "cached",
		303: "cached", 307: "cached", 308: "cached", 404: "cached", 405: "cached", 410: "cached", 451: "cached",
		206: "new", 400: "new", 401: "new", 403: "new", 422: "new", 429: "new", 500: "new", 501: "new", 503: "new", 599: "new",
	} {
		name := "status " + strconv.Itoa(status)
		tell(t, []story{
			{name, []visit{
				{status: status, code: status, answer: long, want: "new"},
				{after: 3 * time.Second, status: status, code: status, answer: long, want: kept},
			}},
			{name + " without freshness", []visit{
				{status: status, code: status, want: "new"},
				{after: 3 * time.Second, status: status, code: status, want: "new"},
			}},
		})
	}
	tell(t, []story{{"404 is not kept for long", []visit{
		{status: 404, code: 404, answer: long, want: "new"},
		{after: 11 * time.Second, answer: long, want: "new"},
	}}})
}

func TestCredentials(t *testing.T) {
	stories := []story{
		{"a header that stays here is none", []visit{
			{send: "X-Api-Key: a", answer: "Cache-Control: max-age=60", want: "new"},
			{send: "X-Api-Key: b", want: "cached"},
		}},
		{"what was made for nobody is not given to somebody", []visit{
			{answer: "Cache-Control: max-age=60", want: "new"},
			{send: "Authorization: Bearer a", answer: "Cache-Control: max-age=60", want: "new"},
			{want: "cached"},
		}},
		{"Vary by the credential", []visit{
			{send: "Cookie: a=1", answer: "Cache-Control: public, max-age=60\nVary: Cookie", want: "new"},
			{send: "Cookie: a=1", answer: "Cache-Control: public, max-age=60\nVary: Cookie", want: "new"},
		}},
	}
	for _, credential := range []string{"Authorization: Bearer ", "Cookie: session="} {
		for answer, want := range map[string]string{
			"Cache-Control: max-age=60":                  "new",
			"Expires: {+60}":                             "new",
			"Cache-Control: max-age=60, public":          "cached",
			"Cache-Control: s-maxage=60":                 "cached",
			"Cache-Control: max-age=60, must-revalidate": "cached",
			"Cache-Control: public, no-store":            "new",
			"Cache-Control: public, private, max-age=60": "new",
		} {
			stories = append(stories, story{credential + answer, []visit{
				{send: credential + "a", answer: answer, want: "new"},
				{send: credential + "b", answer: answer, want: want},
				{answer: answer, want: "new"}, // and not to a client without one
			}})
		}
	}
	tell(t, stories)
}

func TestVary(t *testing.T) {
	const vary = "Cache-Control: max-age=3600\nVary: Foo"
	const both = "Cache-Control: max-age=3600\nVary: Foo, Bar"
	tell(t, []story{
		{"the same value", []visit{
			{send: "Foo: 1", answer: vary, want: "new", has: "Cache-Status: atrium; fwd=uri-miss; fwd-status=200; stored"},
			{send: "Foo: 1", want: "cached", has: "Vary: Foo"},
		}},
		{"two values are two answers", []visit{
			{send: "Foo: 1", answer: vary, want: "new"},
			{send: "Foo: 2", answer: vary, want: "new"},
			{send: "Foo: 2", want: "cached"},
			{send: "Foo: 1", want: "cached", says: "call 1"},
		}},
		{"absent is a value of its own", []visit{
			{send: "Foo: 1", answer: vary, want: "new"},
			{answer: vary, want: "new"},
			{want: "cached"},
			{send: "Foo:", answer: vary, want: "new"},
		}},
		{"names in any case", []visit{
			{send: "Foo: 1", answer: "Cache-Control: max-age=60\nVary: fOO", want: "new"},
			{send: "Foo: 1", want: "cached"},
			{send: "Foo: 2", want: "new"},
		}},
		{"blanks do not matter, order does", []visit{
			{send: "Foo: 1,2", answer: vary, want: "new"},
			{send: "Foo: 1, 2", want: "cached"},
			{send: "Foo: 1\nFoo: 2", want: "cached"},
			{send: "Foo: 2, 1", answer: vary, want: "new"},
		}},
		{"blanks in quoted strings do", []visit{
			{send: `Foo: "1,2"`, answer: vary, want: "new"},
			{send: `Foo: "1, 2"`, answer: vary, want: "new"},
		}},
		{"other headers do not matter", []visit{
			{send: "Foo: 1\nBar: a", answer: vary, want: "new"},
			{send: "Foo: 1\nBar: b\nAccept-Language: de", want: "cached"},
		}},
		{"two names on two lines", []visit{
			{send: "Foo: 1\nBar: a", answer: "Cache-Control: max-age=60\nVary: Foo\nVary: Bar", want: "new"},
			{send: "Foo: 1\nBar: a", want: "cached"},
			{send: "Foo: 1\nBar: b", want: "new"},
		}},
		{"an answer that varies by more", []visit{
			{send: "Foo: 1\nBar: a", answer: vary, want: "new"},
			{send: "Foo: 2\nBar: a", answer: both, want: "new"},
			{send: "Foo: 2\nBar: a", want: "cached"},
			{send: "Foo: 2\nBar: b", answer: both, want: "new"},
		}},
		{"an answer that varies by less", []visit{
			{send: "Foo: 1\nBar: a", answer: both, want: "new"},
			{send: "Foo: 2\nBar: a", answer: vary, want: "new"},
			{send: "Foo: 2\nBar: a", want: "cached"},
		}},
		{"a coded body varies by coding, said or not", []visit{
			{send: "Accept-Encoding: gzip", answer: "Cache-Control: max-age=60\nContent-Encoding: gzip", want: "new"},
			{send: "Accept-Encoding: gzip", want: "cached", has: "Content-Encoding: gzip"},
			{answer: "Cache-Control: max-age=60", want: "new", lacks: "Content-Encoding"},
		}},
		twice("*", "Cache-Control: max-age=60\nVary: *", "new"),
		twice("* twice", "Cache-Control: max-age=60\nVary: *, *", "new"),
		twice("an empty member and *", "Cache-Control: max-age=60\nVary: , *", "new"),
		twice("* on the second line", "Cache-Control: max-age=60\nVary: Foo\nVary: *", "new"),
		twice("* among names", "Cache-Control: max-age=60\nVary: Foo, *", "new"),
		twice("empty", "Cache-Control: max-age=60\nVary:", "cached"),
		twice("too many names", "Cache-Control: max-age=60\nVary: A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q", "new"),
	})
}
