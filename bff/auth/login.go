package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"atrium/bff/problem"
)

// A login is a sign-in that has begun, as the store keeps it until the browser comes back.
type login struct {
	Browser  []byte `json:"browser"` // digest of the cookie of the browser that began it
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	Redirect string `json:"redirect"`
	ReturnTo string `json:"returnTo"`
}

// ServeLogin sends the browser to the issuer. origin is how the browser names this server: https://shop.acme.com.
func (s *SignIn) ServeLogin(w http.ResponseWriter, r *http.Request, origin string) error {
	returnTo, err := samePath(r.URL.Query().Get("returnTo"))
	if err != nil {
		return err
	}
	d, err := s.shared.discovery(r.Context(), s.spec.Issuer)
	if err != nil {
		return err
	}
	browser := cookie(r, loginCookie) // tabs that sign in at the same time share it
	if len(browser) != idLength {
		browser = newID()
	}
	state := newID()
	begun := login{
		Browser: digest(browser), Nonce: newID(), Verifier: newID(), Redirect: origin + "/-/auth/callback", ReturnTo: returnTo,
	}
	at, err := s.place("login", state)
	if err != nil {
		return err
	}
	sealed, err := at.seal(begun)
	if err != nil {
		return err
	}
	if err := at.store.Put(r.Context(), at.key, sealed, loginLife); err != nil {
		return unavailable(err)
	}
	target, err := url.Parse(d.Authorization)
	if err != nil {
		return fetchError(err)
	}
	q := target.Query()
	for name, value := range s.ask(state, &begun) {
		q.Set(name, value)
	}
	target.RawQuery = q.Encode()
	setCookie(w, loginCookie, browser, int(loginLife.Seconds()))
	redirect(w, target.String())
	return nil
}

// ask is the authentication request (OpenID Connect Core 1.0, section 3.1.2.1; RFC 7636).
func (s *SignIn) ask(state string, l *login) map[string]string {
	scopes := []string{"openid"}
	for _, scope := range s.spec.Scopes {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	q := map[string]string{
		"response_type": "code", "client_id": s.spec.ClientID, "redirect_uri": l.Redirect, "scope": strings.Join(scopes, " "),
		"state": state, "nonce": l.Nonce, "code_challenge_method": "S256",
		"code_challenge": base64.RawURLEncoding.EncodeToString(digest(l.Verifier)),
	}
	if slices.Contains(scopes, "offline_access") {
		q["prompt"] = "consent" // section 11: without it no refresh token need be given
	}
	return q
}

// ServeCallback takes the browser back from the issuer: the code becomes a session under a new id, and the one there was ends.
func (s *SignIn) ServeCallback(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	begun, err := s.begun(r, q.Get("state"))
	if err != nil {
		return err
	}
	if code := q.Get("error"); code != "" {
		return signInFailed("The issuer did not sign you in: " + errorCode(code) + ".")
	}
	ctx := r.Context()
	d, err := s.shared.discovery(ctx, s.spec.Issuer)
	if err != nil {
		return err
	}
	if named := q.Get("iss"); named != s.spec.Issuer && (named != "" || d.NamesItself) {
		return signInFailed("The answer is of another issuer.")
	}
	got, err := s.exchange(ctx, d, url.Values{
		"grant_type": {"authorization_code"}, "code": {q.Get("code")}, "redirect_uri": {begun.Redirect}, "code_verifier": {begun.Verifier},
	})
	if refused, ok := errors.AsType[*refusal](err); ok {
		return signInFailed("The issuer did not take the code: " + refused.code + ".").Because(err)
	}
	if err != nil {
		return err
	}
	claims, err := s.identity(ctx, d, got.ID, begun.Nonce)
	if isCallError(err) {
		return err
	}
	if err != nil {
		return signInFailed("The issuer's ID token is not valid here.").Because(err)
	}
	now := s.shared.now()
	subject, _ := claims.GetSubject()
	sess := &session{
		Issuer: s.spec.Issuer, Client: s.spec.ClientID, Subject: subject, Claims: shown(claims), Created: now,
		Scopes: append([]string{"openid"}, s.spec.Scopes...),
	}
	sess.take(got, now)
	if err := s.start(ctx, w, r, sess); err != nil {
		return err
	}
	redirect(w, begun.ReturnTo)
	return nil
}

// begun takes the sign-in that a state stands for: once, and only for the browser that began it.
func (s *SignIn) begun(r *http.Request, state string) (*login, error) {
	unknown := signInFailed("No sign-in of this browser has begun, or it took too long. Start again at /-/auth/login.")
	browser := cookie(r, loginCookie)
	at, err := s.place("login", state)
	if err != nil || browser == "" {
		return nil, unknown
	}
	sealed, err := at.store.Take(r.Context(), at.key)
	if err != nil {
		return nil, unavailable(err)
	}
	l := new(login)
	if !at.open(sealed, l) || subtle.ConstantTimeCompare(l.Browser, digest(browser)) != 1 {
		return nil, unknown
	}
	return l, nil
}

// start keeps a new session and gives the browser its id.
func (s *SignIn) start(ctx context.Context, w http.ResponseWriter, r *http.Request, sess *session) error {
	id := newID()
	at, err := s.place("session", id)
	if err != nil {
		return err
	}
	sealed, err := at.seal(sess)
	if err != nil {
		return err
	}
	if err := at.store.Put(ctx, at.key, sealed, sessionIdle); err != nil {
		return unavailable(err)
	}
	if old, err := s.place("session", cookie(r, sessionCookie)); err == nil {
		if _, err := old.store.Take(ctx, old.key); err != nil {
			return unavailable(err)
		}
	}
	setCookie(w, sessionCookie, id, int(sessionLife.Seconds()))
	return nil
}

// revokeTime bounds what a sign-out waits for the issuer.
const revokeTime = 2 * time.Second

// ServeLogout ends the session and tells the issuer that its refresh token is of no more use. It answers 204, or 303 to the path
// that returnTo names; without a session too.
func (s *SignIn) ServeLogout(w http.ResponseWriter, r *http.Request) error {
	if err := s.sameOrigin(r); err != nil {
		return err
	}
	asked := r.URL.Query().Get("returnTo")
	returnTo, err := samePath(asked)
	if err != nil {
		return err
	}
	setCookie(w, sessionCookie, "", -1)
	if at, err := s.place("session", cookie(r, sessionCookie)); err == nil {
		sealed, err := at.store.Take(r.Context(), at.key)
		if err != nil {
			return unavailable(err)
		}
		sess := new(session)
		if at.open(sealed, sess) && sess.Refresh != "" && sess.Issuer == s.spec.Issuer {
			ctx, cancel := context.WithTimeout(r.Context(), revokeTime)
			defer cancel()
			_ = s.revoke(ctx, sess.Refresh) // the session has ended here, whatever the issuer makes of it
		}
	}
	if asked != "" {
		redirect(w, returnTo)
		return nil
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// redirect sends the browser on; what it was asked for is its own and no later page's business.
func redirect(w http.ResponseWriter, to string) {
	h := w.Header()
	h.Set("Location", to)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}

// maxReturnTo bounds where a browser may ask to be sent.
const maxReturnTo = 2048

// samePath accepts a path of this very site, "/" when there is none. Browsers read a backslash as a slash and skip control characters,
// so neither may be in it.
func samePath(text string) (string, error) {
	if text == "" {
		return "/", nil
	}
	u, err := url.Parse(text)
	bad := func(r rune) bool { return r <= ' ' || r == '\\' || r >= 0x7f }
	if err != nil || len(text) > maxReturnTo || text[0] != '/' || strings.HasPrefix(text, "//") || strings.ContainsFunc(text, bad) ||
		u.Scheme != "" || u.Host != "" || u.User != nil || strings.HasPrefix(path.Clean(u.Path), "/-/auth/") && u.Path != "/-/auth/me" {
		p := problem.New(http.StatusBadRequest, "invalid-request", "The request is not what this route takes: see errors.")
		p.Errors = []problem.Detail{{Pointer: "/query/returnTo", Message: "want a path of this site such as /dashboard"}}
		return "", p
	}
	return text, nil
}

func signInFailed(detail string) *problem.Problem {
	return problem.New(http.StatusBadRequest, "sign-in-failed", "%s", detail)
}

// idLength is that of newID.
const idLength = 43

// newID is 256 random bits, fit for a cookie, a state, a nonce and a verifier of PKCE.
func newID() string {
	b := make([]byte, sha256.Size)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
