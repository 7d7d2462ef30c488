package proxy_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"atrium/bff/proxy"
)

// Signatures that are not ours: GitHub's documented example, the Standard Webhooks specification's, and one made with openssl after
// Stripe's description.
const (
	githubSecret    = "It's a Secret to Everybody"
	githubBody      = "Hello, World!"
	githubSignature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

	standardSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	standardID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	standardStamp     = "1614265330"
	standardBody      = `{"test": 2432232314}`
	standardSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

	stripeSecret    = "whsec_test_secret"
	stripeStamp     = "1492774577"
	stripeBody      = `{"id":"evt_1","object":"event"}`
	stripeSignature = "654b43d3508ecadb3f8cefc4bc7d3d2bdc5ba9e03bf2c89b2d0657a8e24e4543"
)

func at(unix int64) time.Time { return time.Unix(unix, 0) }

// TestReplaysAreKnown holds that a delivery has one identity, however its signature is written.
func TestReplaysAreKnown(t *testing.T) {
	stripe := func(signature string) string { return "t=" + stripeStamp + ",v1=" + signature }
	tests := []struct {
		scheme, secret, body, header string
		first, again                 string
	}{
		{"github", githubSecret, githubBody, "X-Hub-Signature-256", githubSignature, "sha256=" + strings.ToUpper(githubSignature[7:])},
		{"stripe", stripeSecret, stripeBody, "Stripe-Signature", stripe(stripeSignature), stripe("00") + ", v1=" + strings.ToUpper(stripeSignature)},
	}
	for _, tt := range tests {
		var deliveries []string
		for _, signature := range []string{tt.first, tt.again} {
			delivery, err := proxy.Verify(tt.scheme, tt.secret, http.Header{tt.header: {signature}}, []byte(tt.body), at(1492774577))
			if err != nil {
				t.Fatal(err)
			}
			deliveries = append(deliveries, delivery)
		}
		if deliveries[0] != deliveries[1] {
			t.Errorf("%s: one delivery is %q and %q", tt.scheme, deliveries[0], deliveries[1])
		}
	}
}

func TestKnownSignatures(t *testing.T) {
	standard := map[string]string{"Webhook-Id": standardID, "Webhook-Timestamp": standardStamp, "Webhook-Signature": standardSignature}
	stripe := "t=" + stripeStamp + ",v1=" + stripeSignature
	with := func(base map[string]string, name, value string) map[string]string {
		out := map[string]string{name: value}
		for k, v := range base {
			if k != name {
				out[k] = v
			}
		}
		return out
	}
	tests := []struct {
		name, scheme, secret, body string
		headers                    map[string]string
		now                        time.Time
		want                       error
	}{
		{"github", "github", githubSecret, githubBody, map[string]string{"X-Hub-Signature-256": githubSignature}, at(0), nil},
		{"github, other body", "github", githubSecret, githubBody + " ", map[string]string{"X-Hub-Signature-256": githubSignature}, at(0), proxy.ErrSignature},
		{"github, other secret", "github", "it's", githubBody, map[string]string{"X-Hub-Signature-256": githubSignature}, at(0), proxy.ErrSignature},
		{
			"github, without its name", "github", githubSecret, githubBody,
			map[string]string{"X-Hub-Signature-256": strings.TrimPrefix(githubSignature, "sha256=")},
			at(0), proxy.ErrSignature,
		},
		{"github, shortened", "github", githubSecret, githubBody, map[string]string{"X-Hub-Signature-256": githubSignature[:20]}, at(0), proxy.ErrSignature},
		{"github, none", "github", githubSecret, githubBody, nil, at(0), proxy.ErrSignature},

		{"standard", "standard", standardSecret, standardBody, standard, at(1614265330), nil},
		{
			"standard, one of many", "standard", standardSecret, standardBody,
			with(standard, "Webhook-Signature", "v1a,AAAA v1,AAAA "+standardSignature), at(1614265330), nil,
		},
		{
			"standard, of another version", "standard", standardSecret, standardBody,
			with(standard, "Webhook-Signature", "v2"+standardSignature[2:]), at(1614265330), proxy.ErrSignature,
		},
		{"standard, other id", "standard", standardSecret, standardBody, with(standard, "Webhook-Id", "msg_other"), at(1614265330), proxy.ErrSignature},
		{"standard, other time", "standard", standardSecret, standardBody, with(standard, "Webhook-Timestamp", "1614265331"), at(1614265330), proxy.ErrSignature},
		{"standard, just in time", "standard", standardSecret, standardBody, standard, at(1614265330 + 300), nil},
		{"standard, late", "standard", standardSecret, standardBody, standard, at(1614265330 + 301), proxy.ErrTimestamp},
		{"standard, early", "standard", standardSecret, standardBody, standard, at(1614265330 - 301), proxy.ErrTimestamp},

		{"stripe", "stripe", stripeSecret, stripeBody, map[string]string{"Stripe-Signature": stripe}, at(1492774577), nil},
		{
			"stripe, rolled secret", "stripe", stripeSecret, stripeBody,
			map[string]string{"Stripe-Signature": "t=" + stripeStamp + ",v1=00ff,v0=abc,v1=" + stripeSignature},
			at(1492774577), nil,
		},
		{
			"stripe, old scheme only", "stripe", stripeSecret, stripeBody,
			map[string]string{"Stripe-Signature": "t=" + stripeStamp + ",v0=" + stripeSignature},
			at(1492774577), proxy.ErrSignature,
		},
		{
			"stripe, other time", "stripe", stripeSecret, stripeBody,
			map[string]string{"Stripe-Signature": "t=1492774578,v1=" + stripeSignature},
			at(1492774577), proxy.ErrSignature,
		},
		{"stripe, late", "stripe", stripeSecret, stripeBody, map[string]string{"Stripe-Signature": stripe}, at(1492774577 + 301), proxy.ErrTimestamp},
		{"stripe, none", "stripe", stripeSecret, stripeBody, map[string]string{"Stripe-Signature": ""}, at(1492774577), proxy.ErrSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			for name, value := range tt.headers {
				h.Set(name, value)
			}
			delivery, err := proxy.Verify(tt.scheme, tt.secret, h, []byte(tt.body), tt.now)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err == nil && delivery == "" {
				t.Error("the delivery has no identity")
			}
		})
	}
}
