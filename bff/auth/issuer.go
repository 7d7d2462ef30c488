package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"atrium/clients"
)

// A discovery is what an issuer says of itself (OpenID Connect Discovery 1.0, section 3).
type discovery struct {
	Issuer        string   `json:"issuer"`
	JWKS          string   `json:"jwks_uri"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Revocation    string   `json:"revocation_endpoint"`                            // empty: there is none
	TokenAuth     []string `json:"token_endpoint_auth_methods_supported"`          // empty: client_secret_basic
	NamesItself   bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207
}

// discover asks an issuer. The document must be of that issuer, or one could speak for another.
func (k *KeySets) discover(ctx context.Context, issuer string) (*discovery, error) {
	text, err := k.get(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, err
	}
	d := new(discovery)
	if err := json.Unmarshal(text, d); err != nil || d.Issuer != issuer || d.JWKS == "" {
		return nil, fetchError(fmt.Errorf("the discovery document of %s does not name that issuer and its jwks_uri", issuer))
	}
	return d, nil
}

// signsIn checks what browser sign-in needs: the endpoints, none with less protection than the issuer itself.
func (d *discovery) signsIn() error {
	scheme, _, _ := strings.Cut(d.Issuer, ":")
	for name, address := range map[string]string{
		"authorization_endpoint": d.Authorization, "token_endpoint": d.Token, "jwks_uri": d.JWKS, "revocation_endpoint": d.Revocation,
	} {
		if address == "" && name == "revocation_endpoint" {
			continue
		}
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != scheme {
			return fetchError(fmt.Errorf("the discovery document of %s has no usable %s", d.Issuer, name))
		}
	}
	return nil
}

// A provider is an issuer that signs people in.
type provider struct {
	mu      sync.Mutex // held while asking, so that callers share one answer
	doc     *discovery
	fetched time.Time // of the last try
	err     error     // of the last try
	rest    time.Time // until then its tokens are not refreshed: it failed a moment ago
}

// How long a discovery document holds, and how long an issuer that failed is left alone.
const (
	discoveryLife = time.Hour
	retryAfter    = time.Second
	restAfter     = 5 * time.Second
)

func (s *Sessions) provider(issuer string) *provider {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.providers[issuer]
	if p == nil {
		p = new(provider)
		s.providers[issuer] = p
	}
	return p
}

// discovery returns an issuer's document. Where a newer one cannot be had the old one holds.
func (s *Sessions) discovery(ctx context.Context, issuer string) (*discovery, error) {
	p := s.provider(issuer)
	p.mu.Lock()
	defer p.mu.Unlock()
	age := s.now().Sub(p.fetched)
	if p.doc != nil && age < discoveryLife {
		return p.doc, nil
	}
	if p.doc != nil || age > retryAfter {
		p.fetched = s.now()
		doc, err := s.keys.discover(context.WithoutCancel(ctx), issuer) // others wait for it; the client has its own timeout
		if err == nil {
			err = doc.signsIn()
		}
		if p.err = err; err == nil {
			p.doc = doc
		}
	}
	if p.doc == nil {
		return nil, p.err
	}
	return p.doc, nil
}

func (s *Sessions) resting(issuer string) bool {
	p := s.provider(issuer)
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.now().Before(p.rest)
}

func (s *Sessions) letRest(issuer string) {
	p := s.provider(issuer)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest = s.now().Add(restAfter)
}

// tokens are a token endpoint's answer (RFC 6749, section 5.1).
type tokens struct {
	Access  string      `json:"access_token"`
	Type    string      `json:"token_type"`
	Refresh string      `json:"refresh_token"`
	ID      string      `json:"id_token"`
	Scope   string      `json:"scope"`
	Expires json.Number `json:"expires_in"`
}

// A refusal is a token endpoint's error (RFC 6749, section 5.2).
type refusal struct{ code string }

// Error implements error.
func (r *refusal) Error() string { return "the issuer refused: " + r.code }

// maxTokens bounds a token endpoint's answer.
const maxTokens = 64 << 10

// exchange asks the token endpoint. Its errors are a *refusal or a *clients.Error, and hold no token.
func (s *SignIn) exchange(ctx context.Context, d *discovery, form url.Values) (*tokens, error) {
	status, text, err := s.post(ctx, d, d.Token, form)
	if err != nil {
		return nil, err
	}
	if status >= 400 && status < 500 {
		var said struct {
			Error string `json:"error"`
		}
		if json.Unmarshal(text, &said) == nil && said.Error != "" {
			return nil, &refusal{code: errorCode(said.Error)}
		}
	}
	t := new(tokens)
	if status != http.StatusOK || json.Unmarshal(text, t) != nil || t.Access == "" || !strings.EqualFold(t.Type, "Bearer") {
		return nil, fetchError(fmt.Errorf("the token endpoint of %s answered status %d and no bearer token", d.Issuer, status))
	}
	return t, nil
}

// revoke tells the issuer that a refresh token is of no use any more (RFC 7009).
func (s *SignIn) revoke(ctx context.Context, token string) error {
	d, err := s.shared.discovery(ctx, s.spec.Issuer)
	if err != nil || d.Revocation == "" {
		return err
	}
	_, _, err = s.post(ctx, d, d.Revocation, url.Values{"token": {token}, "token_type_hint": {"refresh_token"}})
	return err
}

// post sends a form as the client: by client_secret_basic unless the issuer knows client_secret_post only.
func (s *SignIn) post(ctx context.Context, d *discovery, address string, form url.Values) (status int, text []byte, err error) {
	secret := s.secret.Reveal()
	basic := secret != "" && (len(d.TokenAuth) == 0 || slices.Contains(d.TokenAuth, "client_secret_basic"))
	if !basic {
		form.Set("client_id", s.spec.ClientID)
		if secret != "" {
			form.Set("client_secret", secret)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, fetchError(err)
	}
	if basic {
		req.SetBasicAuth(url.QueryEscape(s.spec.ClientID), url.QueryEscape(secret))
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	resp, err := s.shared.keys.client.Do(req)
	if err != nil {
		if call, ok := errors.AsType[*clients.Error](err); ok {
			call.Upstream, call.Operation = "issuer", "tokens"
			return 0, nil, call
		}
		return 0, nil, fetchError(err)
	}
	defer resp.Body.Close()
	if text, err = io.ReadAll(io.LimitReader(resp.Body, maxTokens)); err != nil {
		return 0, nil, fetchError(err)
	}
	return resp.StatusCode, text, nil
}

// errorCode keeps of an issuer's error what is fit for a log and an answer.
func errorCode(text string) string {
	const most = 64
	clean := strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(text[:min(len(text), most)]))
	if clean == "" {
		return "unknown"
	}
	return clean
}
