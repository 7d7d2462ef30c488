package proxy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Tolerance is how far a webhook's timestamp may be from now.
const Tolerance = 300 * time.Second

// Errors of Verify. Their texts are for the operator.
var (
	ErrSignature = errors.New("the webhook's signature is missing or wrong")
	ErrTimestamp = errors.New("the webhook's timestamp is outside the tolerance")
)

// Schemes are the webhook signatures that Verify knows.
var Schemes = []string{"stripe", "github", "standard"}

// Verify checks the signature of a webhook over its raw body and returns the delivery's identity: equal for a replay, and only then.
func Verify(scheme, secret string, h http.Header, body []byte, now time.Time) (delivery string, err error) {
	switch scheme {
	case "stripe":
		return verifyStripe(secret, h.Get("Stripe-Signature"), body, now)
	case "github":
		return verifyGitHub(secret, h.Get("X-Hub-Signature-256"), body)
	default:
		return verifyStandard(secret, h, body, now)
	}
}

// verifyStripe follows Stripe's "Verify webhook signatures manually": t=UNIX,v1=HEX[,v1=HEX] over "t.body".
func verifyStripe(secret, header string, body []byte, now time.Time) (string, error) {
	var stamp string
	var signatures []string
	for pair := range strings.SplitSeq(header, ",") {
		switch key, value, _ := strings.Cut(strings.TrimSpace(pair), "="); key {
		case "t":
			stamp = value
		case "v1":
			signatures = append(signatures, value)
		}
	}
	want := sign([]byte(secret), stamp, ".", string(body))
	for _, s := range signatures {
		if got, err := hex.DecodeString(s); err == nil && hmac.Equal(got, want) {
			return stamp + "." + hex.EncodeToString(want), fresh(stamp, now)
		}
	}
	return "", ErrSignature
}

// verifyGitHub follows GitHub's "Validating webhook deliveries". The header with the delivery's id is not signed, so the signature
// identifies it: the same body twice is a replay.
func verifyGitHub(secret, signature string, body []byte) (string, error) {
	want := sign([]byte(secret), string(body))
	got, err := hex.DecodeString(strings.TrimPrefix(signature, "sha256="))
	if err != nil || !strings.HasPrefix(signature, "sha256=") || !hmac.Equal(got, want) {
		return "", ErrSignature
	}
	return hex.EncodeToString(want), nil // not as it was sent: hex can be written in two ways
}

// verifyStandard follows the Standard Webhooks specification 1.0.0: "v1,BASE64" over "id.timestamp.body".
func verifyStandard(secret string, h http.Header, body []byte, now time.Time) (string, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		key = []byte(secret)
	}
	id, stamp := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp")
	want := sign(key, id, ".", stamp, ".", string(body))
	for s := range strings.FieldsSeq(h.Get("Webhook-Signature")) {
		version, signature, _ := strings.Cut(s, ",")
		got, err := base64.StdEncoding.DecodeString(signature)
		if err == nil && version == "v1" && id != "" && hmac.Equal(got, want) {
			return id, fresh(stamp, now)
		}
	}
	return "", ErrSignature
}

func sign(key []byte, parts ...string) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		mac.Write([]byte(part))
	}
	return mac.Sum(nil)
}

func fresh(stamp string, now time.Time) error {
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > Tolerance {
		return ErrTimestamp
	}
	return nil
}
