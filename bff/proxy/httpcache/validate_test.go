package httpcache_test

import (
	"testing"
	"time"
)

func TestConditionalRequestsOfClients(t *testing.T) {
	const fresh = "Cache-Control: max-age=60\nETag: \"a\"\nLast-Modified: Fri, 31 Dec 1999 00:00:00 GMT\nContent-Type: text/plain"
	stories := []story{
		{"ETag before Last-Modified", []visit{
			{answer: fresh, want: "new"},
			{send: "If-None-Match: \"b\"\nIf-Modified-Since: Fri, 31 Dec 1999 00:00:00 GMT", want: "cached"},
		}},
		{"a 304 has what it must, and nothing of the body", []visit{
			{answer: fresh, want: "new"},
			{
				after: 5 * time.Second, send: `If-None-Match: "a"`, want: "cached", code: 304,
				has: "ETag: \"a\"\nCache-Control: max-age=60\nAge: 5", lacks: "Content-Type Content-Length",
			},
		}},
		{"a condition never reaches the upstream while nothing is kept", []visit{
			{send: `If-None-Match: "a"`, answer: fresh, want: "new", code: 304},
			{want: "cached", says: "call 1"},
		}},
		{"nor for what is not kept", []visit{
			{send: `If-None-Match: "a"`, answer: "ETag: \"a\"\nX-A: 1", want: "new", code: 304, has: "X-A: 1"},
			{send: `If-None-Match: "b"`, answer: `ETag: "a"`, want: "new"},
		}},
		{"only 200 has 304", []visit{
			{status: 404, code: 404, answer: fresh, want: "new"},
			{send: `If-None-Match: "a"`, code: 404, want: "cached"},
		}},
		{"no ETag, no match, but *", []visit{
			{answer: "Cache-Control: max-age=60", want: "new", lacks: "ETag"},
			{send: `If-None-Match: ""`, want: "cached"},
			{send: `If-None-Match: *`, want: "cached", code: 304},
		}},
		{"Range and If-Match go past the cache", []visit{
			{answer: fresh, want: "new"},
			{send: "Range: bytes=0-1", want: "new", status: 206, code: 206, has: "Cache-Status: atrium; fwd=bypass"},
			{send: `If-Match: "b"`, want: "new", status: 412, code: 412},
			{want: "cached"},
		}},
	}
	for condition, code := range map[string]int{
		`If-None-Match: "a"`: 304, `If-None-Match: W/"a"`: 304, `If-None-Match: "x", "a"`: 304, `If-None-Match: *`: 304,
		"If-None-Match: \"x\"\nIf-None-Match: \"a\"": 304, `If-None-Match: "x"`: 0, `If-None-Match: a`: 0, `If-None-Match: "x,", "a"`: 304,
		"If-Modified-Since: Fri, 31 Dec 1999 00:00:00 GMT": 304, "If-Modified-Since: Fri, 31 Dec 1999 00:00:01 GMT": 304,
		"If-Modified-Since: Thu, 30 Dec 1999 00:00:00 GMT": 0, "If-Modified-Since: yesterday": 0,
	} {
		stories = append(stories, story{condition, []visit{{answer: fresh, want: "new"}, {send: condition, want: "cached", code: code}}})
	}
	tell(t, stories)
}

func TestConditionalRequestsToTheUpstream(t *testing.T) {
	const short = "Cache-Control: max-age=2\nETag: \"a\""
	const modified = "Cache-Control: max-age=2\nLast-Modified: Fri, 31 Dec 1999 00:00:00 GMT"
	later := func(v visit) visit { v.after = 3 * time.Second; return v }
	tell(t, []story{
		twice("ETag", short, "validated"),
		twice("a weak ETag", "Cache-Control: max-age=2\nETag: W/\"a\"", "validated"),
		twice("Last-Modified", modified, "validated"),
		twice("no-cache", "Cache-Control: no-cache\nETag: \"a\"", "validated"),
		twice("max-age=0", "Cache-Control: max-age=0\nETag: \"a\"", "validated"),
		{"a 304 makes it fresh again, and updates what it says", []visit{
			{answer: short + "\nX-A: 1\nX-B: 1\nContent-Length: 6", want: "new"},
			later(visit{
				answer: "Cache-Control: max-age=60\nETag: \"a\"\nX-A: 2\nContent-Length: 0\nContent-Encoding: br\nContent-Type: text/html",
				want:   "validated", has: "X-A: 2\nX-B: 1\nContent-Length: 6\nContent-Type: text/html\nCache-Control: max-age=60\n" +
					"Cache-Status: atrium; fwd=stale; fwd-status=304; stored", lacks: "Age Content-Encoding",
			}),
			later(visit{want: "cached", has: "X-A: 2\nX-B: 1\nContent-Length: 6\nAge: 3", lacks: "Content-Encoding"}),
		}},
		{"another ETag is another answer", []visit{
			{answer: short, want: "new"},
			later(visit{answer: "Cache-Control: max-age=60\nETag: \"b\"", want: "new"}),
			later(visit{want: "cached", has: `ETag: "b"`}),
		}},
		{"a 304 about something else confirms nothing", []visit{
			{answer: short, want: "new"},
			later(visit{status: 304, answer: "ETag: \"b\"", want: "new", code: 304}),
			later(visit{answer: short, want: "new", says: "call 4"}),
		}},
		{"a 304 that says no-store ends it", []visit{
			{answer: short, want: "new"},
			later(visit{answer: "Cache-Control: no-store\nETag: \"a\"", want: "validated"}),
			{answer: short, want: "new"},
		}},
		{"a 304 that varies anew is asked for whole", []visit{
			{answer: short, want: "new"},
			later(visit{send: "Foo: 1", answer: short + "\nVary: Foo", want: "new", says: "call 3"}),
			{send: "Foo: 1", want: "cached", says: "call 3"},
			{send: "Foo: 2", answer: short + "\nVary: Foo", want: "new"},
		}},
		{"variants are confirmed one by one", []visit{
			{send: "Foo: 1", answer: short + "\nVary: Foo", want: "new"},
			{send: "Foo: 2", answer: short + "\nVary: Foo", want: "new"},
			later(visit{send: "Foo: 2", answer: short + "\nVary: Foo", want: "validated", says: "call 2"}),
			{send: "Foo: 1", answer: short + "\nVary: Foo", want: "new", says: "call 1"},
		}},
		{"a 304 that is old itself", []visit{
			{answer: short, want: "new"},
			later(visit{answer: "Cache-Control: max-age=60\nETag: \"a\"\nAge: 20", want: "validated", has: "Age: 20"}),
			later(visit{want: "cached", has: "Age: 23"}),
		}},
		{"a 304 without a Date has the time it came", []visit{
			{answer: short, want: "new"},
			later(visit{answer: "Cache-Control: max-age=2\nETag: \"a\"\nDate:", want: "validated", has: "Date: {+0}"}),
			{after: time.Second, want: "cached", has: "Age: 1"},
		}},
	})
}

func TestWishesOfClients(t *testing.T) {
	const fresh = "Cache-Control: max-age=100\nETag: \"a\""
	again := func(send, want string) story {
		return story{send, []visit{{answer: fresh, want: "new"}, {after: 50 * time.Second, send: send, answer: fresh, want: want}}}
	}
	tell(t, []story{
		again("Cache-Control: no-cache", "validated"),
		again("Cache-Control: max-age=0", "validated"),
		again("Pragma: no-cache", "validated"),
		again("Pragma: no-cache\nCache-Control: foo", "cached"),
		again("Cache-Control: max-age=40", "validated"),
		again("Cache-Control: max-age=60", "cached"),
		again("Cache-Control: min-fresh=40", "cached"),
		again("Cache-Control: min-fresh=60", "validated"),
		again("Cache-Control: only-if-cached", "cached"),
		again("Cache-Control: no-store", "new"),
		{"what is fetched anew is kept", []visit{
			{answer: fresh, want: "new"},
			{send: "Cache-Control: no-cache", answer: "Cache-Control: max-age=100", want: "new", has: "Cache-Status: atrium; fwd=request; fwd-status=200; stored"},
			{want: "cached", says: "call 2"},
		}},
		{"a variant is fetched anew too", []visit{
			{send: "Foo: 1", answer: fresh + "\nVary: Foo", want: "new"},
			{send: "Foo: 1\nCache-Control: no-cache", answer: fresh + "\nVary: Foo", want: "validated"},
		}},
		{"only-if-cached", []visit{
			{send: "Cache-Control: only-if-cached", want: "504"},
			{answer: "Cache-Control: max-age=1, stale-if-error=60", want: "new"},
			{after: 3 * time.Second, send: "Cache-Control: only-if-cached", want: "504"},
			{path: "/b", send: "Foo: 1", answer: fresh + "\nVary: Foo", want: "new"},
			{path: "/b", send: "Foo: 1\nCache-Control: only-if-cached", want: "cached"},
			{path: "/b", send: "Foo: 2\nCache-Control: only-if-cached", want: "504"},
		}},
		{"no-store leaves nothing", []visit{
			{send: "Cache-Control: no-store", answer: fresh, want: "new", has: "Cache-Status: atrium; fwd=request"},
			{answer: fresh, want: "new"},
		}},
		{"HEAD is answered from what GET left, and leaves nothing itself", []visit{
			{method: "HEAD", answer: fresh, want: "new", has: "Cache-Status: atrium; fwd=uri-miss"},
			{answer: fresh, want: "new"},
			{method: "HEAD", want: "cached", has: "Content-Length: 6\nETag: \"a\""},
			{method: "HEAD", send: `If-None-Match: "a"`, want: "cached", code: 304},
			{want: "cached", says: "call 2"},
		}},
	})
}
