package httpcache_test

import (
	"testing"
	"time"
)

func TestStale(t *testing.T) {
	later := func(v visit) visit { v.after = 3 * time.Second; return v }
	stories := []story{
		{"not without a word of the upstream", []visit{
			{answer: "Cache-Control: max-age=2", want: "new"},
			later(visit{down: true, want: "502"}),
		}},
		{"while it is revalidated", []visit{
			{answer: "Cache-Control: max-age=2, stale-while-revalidate=10", want: "new"},
			later(visit{
				answer: "Cache-Control: max-age=2, stale-while-revalidate=10", want: "stale", says: "call 1",
				has: "Age: 3\nCache-Status: atrium; hit; ttl=-1; detail=swr",
			}),
			{want: "cached", says: "call 2"},
		}},
		{"and not beyond", []visit{
			{answer: "Cache-Control: max-age=2, stale-while-revalidate=10", want: "new"},
			{after: 13 * time.Second, answer: "Cache-Control: max-age=2", want: "new"},
		}},
		{"if the upstream is down", []visit{
			{answer: "Cache-Control: max-age=2, stale-if-error=10", want: "new"},
			later(visit{down: true, want: "stale", has: "Cache-Status: atrium; hit; ttl=-1; detail=sie"}),
			later(visit{answer: "Cache-Control: max-age=60", want: "new"}),
		}},
		{"and not beyond the time for errors", []visit{
			{answer: "Cache-Control: max-age=2, stale-if-error=10", want: "new"},
			{after: 13 * time.Second, down: true, want: "502"},
		}},
		{"an answer is no error", []visit{
			{answer: "Cache-Control: max-age=2, stale-if-error=60", want: "new"},
			later(visit{status: 404, want: "new", code: 404}),
		}},
		{"a 503 without anything to stand in is passed on", []visit{
			{status: 503, body: "busy", answer: "Retry-After: 5", want: "new", code: 503, says: "busy", has: "Retry-After: 5"},
		}},
		{"a variant stands in for its own", []visit{
			{send: "Foo: 1", answer: "Cache-Control: max-age=2, stale-if-error=60\nVary: Foo", want: "new"},
			later(visit{send: "Foo: 1", down: true, want: "stale"}),
			{send: "Foo: 2", down: true, want: "502"},
		}},
		{"no-cache with the upstream down has what is still fresh", []visit{
			{answer: "Cache-Control: max-age=60", want: "new"},
			{send: "Cache-Control: no-cache", down: true, want: "stale"},
		}},
	}
	for _, status := range []int{500, 502, 503, 504} {
		stories = append(stories, story{"if it fails", []visit{
			{answer: "Cache-Control: max-age=2, stale-if-error=10", want: "new"},
			later(visit{status: status, want: "stale", says: "call 1"}),
		}})
	}
	for _, word := range []string{"must-revalidate", "proxy-revalidate", "no-cache", "s-maxage=2"} {
		answer := "ETag: \"a\"\nCache-Control: max-age=2, stale-while-revalidate=60, stale-if-error=60, " + word
		stories = append(stories,
			story{word + ": never", []visit{
				{answer: answer, want: "new"},
				later(visit{down: true, want: "504"}),
				later(visit{status: 503, body: "busy", want: "new", code: 503, says: "busy"}),
				later(visit{answer: answer, want: "validated", says: "call 1"}),
			}})
	}
	tell(t, stories)
}

func TestInvalidation(t *testing.T) {
	const fresh = "Cache-Control: max-age=3600"
	var stories []story
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "M-SEARCH"} {
		stories = append(stories,
			story{method, []visit{
				{answer: fresh, want: "new"},
				{path: "/a?q", answer: fresh, want: "new"},
				{tenant: "globex", answer: fresh, want: "new"},
				{method: method, want: "new", has: "Cache-Status: atrium; fwd=method"},
				{answer: fresh, want: "new"},
				{path: "/a?q", want: "cached"},
				{tenant: "globex", want: "cached"},
			}},
			story{method + " that fails", []visit{
				{answer: fresh, want: "new"},
				{method: method, status: 500, code: 500, want: "new"},
				{method: method, status: 404, code: 404, want: "new"},
				{want: "cached"},
			}},
			story{method + " names other places", []visit{
				{path: "/b", answer: fresh, want: "new"},
				{path: "/c", answer: fresh, want: "new"},
				{path: "/d", answer: fresh, want: "new"},
				{method: method, status: 201, code: 201, answer: "Location: b\nContent-Location: http://upstream.test/base/c", want: "new"},
				{path: "/b", answer: fresh, want: "new"},
				{path: "/c", answer: fresh, want: "new"},
				{path: "/d", want: "cached"},
			}},
		)
	}
	tell(t, append(stories, []story{
		{"safe methods change nothing", []visit{
			{answer: fresh, want: "new"},
			{method: "OPTIONS", want: "new"},
			{want: "cached"},
		}},
		{"another origin is not ours to forget", []visit{
			{path: "/b", answer: fresh, want: "new"},
			{method: "POST", answer: "Location: http://other.test/base/b", want: "new"},
			{path: "/b", want: "cached"},
		}},
		{"all variants go", []visit{
			{send: "Foo: 1", answer: fresh + "\nVary: Foo", want: "new"},
			{send: "Foo: 2", answer: fresh + "\nVary: Foo", want: "new"},
			{method: "POST", want: "new"},
			{send: "Foo: 1", answer: fresh + "\nVary: Foo", want: "new"},
			{send: "Foo: 2", answer: fresh + "\nVary: Foo", want: "new"},
		}},
		{"groups", []visit{
			{path: "/b", answer: fresh + "\nCache-Groups: \"g\", \"h\"", want: "new"},
			{path: "/c", answer: fresh + "\nCache-Groups: \"h\"", want: "new"},
			{path: "/d", answer: fresh + "\nCache-Group-Invalidation: \"h\"", want: "new"}, // a GET invalidates nothing
			{path: "/b", want: "cached"},
			{method: "POST", path: "/x", answer: `Cache-Group-Invalidation: "g"`, want: "new"},
			{path: "/b", answer: fresh, want: "new"},
			{path: "/c", want: "cached"},
		}},
	}...))
}
