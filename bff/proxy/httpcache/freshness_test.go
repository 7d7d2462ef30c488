package httpcache_test

import (
	"testing"
	"time"
)

func TestFreshness(t *testing.T) {
	tell(t, []story{
		twice("no freshness", "X-A: 1", "new"),
		twice("only Last-Modified: no heuristics", "Last-Modified: {-100000}", "new"),
		twice("max-age", "Cache-Control: max-age=3600", "cached"),
		twice("max-age=0", "Cache-Control: max-age=0", "new"),
		twice("max-age in any case", "Cache-Control: MaX-aGe=3600", "cached"),
		twice("max-age with an extension", "Cache-Control: foobar, max-age=3600", "cached"),
		twice("max-age with leading zeros", "Cache-Control: max-age=003600", "cached"),
		twice("max-age of 2^31", "Cache-Control: max-age=2147483648", "cached"),
		twice("max-age beyond all integers", "Cache-Control: max-age=99999999999999999999999", "cached"),
		twice("max-age quoted", `Cache-Control: max-age="3600"`, "cached"),
		twice("max-age in single quotes", "Cache-Control: max-age='3600'", "new"),
		twice("max-age in a quoted string", `Cache-Control: x="max-age=3600", max-age=1`, "new"),
		twice("max-age in a quoted string after it", `Cache-Control: max-age=1, x="max-age=3600"`, "new"),
		twice("max-age behind a quoted comma", `Cache-Control: x="a\",b", max-age=3600`, "cached"),
		twice("blank before =", "Cache-Control: max-age =3600", "new"),
		twice("blank after =", "Cache-Control: max-age= 3600", "new"),
		twice("negative", "Cache-Control: max-age=-3600", "new"),
		twice("letters before", "Cache-Control: max-age=a3600", "new"),
		twice("letters after", "Cache-Control: max-age=3600a", "new"),
		twice("decimal", "Cache-Control: max-age=3600.0", "new"),
		twice("no argument", "Cache-Control: max-age", "new"),
		twice("two that differ", "Cache-Control: max-age=1800, max-age=3600", "new"),
		twice("two that differ on two lines", "Cache-Control: max-age=1800\nCache-Control: max-age=3600", "new"),
		twice("two that agree", "Cache-Control: max-age=1800, max-age=1800", "cached"),
		twice("s-maxage", "Cache-Control: s-maxage=3600", "cached"),
		twice("s-maxage before a longer max-age", "Cache-Control: max-age=3600, s-maxage=1", "new"),
		twice("s-maxage on another line", "Cache-Control: max-age=3600\nCache-Control: s-maxage=1", "new"),
		twice("s-maxage before a shorter max-age", "Cache-Control: s-maxage=3600, max-age=1", "cached"),
		twice("Expires", "Expires: {+3600}", "cached"),
		twice("Expires in the past", "Expires: {-3600}", "new"),
		twice("Expires now", "Expires: {+0}", "new"),
		twice("Expires 0", "Expires: 0", "new"),
		twice("Expires of another age", "Expires: {+7000}\nDate: {+7200}", "new"),
		twice("Expires without Date", "Expires: {+10}\nDate:", "cached"),
		twice("Expires that is no date", "Expires: Thu, 18 Aug 2050 2:01:18", "new"),
		twice("Expires twice", "Expires: {+3600}\nExpires: {+1}", "new"),
		twice("max-age before Expires", "Cache-Control: max-age=3600\nExpires: {-1000}", "cached"),
		twice("max-age=0 before Expires", "Cache-Control: max-age=0\nExpires: {+1000}", "new"),
		twice("s-maxage that is invalid before max-age", "Cache-Control: s-maxage=x, max-age=3600", "new"),
	})
}

func TestAge(t *testing.T) {
	tell(t, []story{
		twice("older than its life", "Cache-Control: max-age=10\nAge: 15", "new"),
		twice("younger", "Cache-Control: max-age=3600\nAge: 15", "cached"),
		twice("Expires and Age", "Expires: {+3600}\nAge: 7200", "new"),
		twice("no number", "Cache-Control: max-age=3600\nAge: abc", "cached"),
		twice("negative", "Cache-Control: max-age=3600\nAge: -7200", "cached"),
		twice("the first of a list counts", "Cache-Control: max-age=3600\nAge: 7200, 0", "new"),
		twice("the first line counts", "Cache-Control: max-age=3600\nAge: 7200\nAge: 0", "new"),
		twice("beyond all integers", "Cache-Control: max-age=3600\nAge: 99999999999999999999", "new"),
		twice("Date long ago", "Cache-Control: max-age=3600\nDate: {-4000}", "new"),
		{"the sum is told", []visit{
			{answer: "Cache-Control: max-age=3600\nAge: 100\nDate: {-7}", want: "new", has: "Age: 100"},
			{after: 20 * time.Second, want: "cached", has: "Age: 120"},
		}},
		{"Date is no newer for being told again", []visit{
			{answer: "Cache-Control: max-age=3600\nDate: {-30}", want: "new"},
			{after: 20 * time.Second, want: "cached", has: "Age: 50\nDate: {-50}"},
		}},
		{"it ends", []visit{
			{answer: "Cache-Control: max-age=100", want: "new", lacks: "Age"},
			{after: 80 * time.Second, want: "cached", has: "Age: 80\nCache-Status: atrium; hit; ttl=20"},
			{
				after: 21 * time.Second, answer: "Cache-Control: max-age=100", want: "new",
				has: "Cache-Status: atrium; fwd=uri-miss; fwd-status=200; stored",
			},
		}},
	})
}

func TestTargetedFields(t *testing.T) {
	tell(t, []story{
		twice("max-age", "CDN-Cache-Control: max-age=3600", "cached"),
		twice("with an extension", "CDN-Cache-Control: foobar, max-age=3600", "cached"),
		twice("beyond 32 bits", "CDN-Cache-Control: max-age=99999999999", "cached"),
		twice("before Cache-Control, longer", "Cache-Control: max-age=1\nCDN-Cache-Control: max-age=3600", "cached"),
		twice("before Cache-Control, shorter", "Cache-Control: max-age=3600\nCDN-Cache-Control: max-age=1", "new"),
		twice("before no-store", "Cache-Control: no-store\nCDN-Cache-Control: max-age=3600", "cached"),
		twice("before Expires", "Expires: {+3600}\nCDN-Cache-Control: max-age=0", "new"),
		twice("Expires does not help", "Expires: {+3600}\nCDN-Cache-Control: foo", "new"),
		twice("no-store", "Cache-Control: max-age=3600\nCDN-Cache-Control: no-store", "new"),
		twice("private", "Cache-Control: max-age=3600\nCDN-Cache-Control: private", "new"),
		twice("no-cache", "Cache-Control: max-age=3600\nCDN-Cache-Control: no-cache", "new"),
		twice("Age counts", "CDN-Cache-Control: max-age=3600\nAge: 7200", "new"),
		twice("not a structured field", "Cache-Control: no-store\nCDN-Cache-Control: max-age=3600, &&&&", "new"),
		twice("not a structured field, and Cache-Control is", "Cache-Control: max-age=3600\nCDN-Cache-Control: no-store, &&&&", "cached"),
		twice("of a wrong type", "Cache-Control: no-store\nCDN-Cache-Control: max-age=\"3600\"", "new"),
		twice("empty", "Cache-Control: max-age=3600\nCDN-Cache-Control:", "cached"),
		twice("names are lower-case", "Cache-Control: no-store\nCDN-Cache-Control: MAX-AGE=3600", "new"),
		{"it is passed on", []visit{
			{answer: "CDN-Cache-Control: max-age=60\nCache-Control: private", want: "new"},
			{want: "cached", has: "CDN-Cache-Control: max-age=60\nCache-Control: private"},
		}},
	})
}
