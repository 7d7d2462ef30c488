package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"maps"

	"github.com/golang-jwt/jwt/v5"
)

// identity checks an ID token (OpenID Connect Core 1.0, section 3.1.3.7): signature by the issuer's keys and an allowed algorithm, iss,
// aud and azp, exp, iat, sub, and the nonce where one is given: a refreshed token need not repeat it.
func (s *SignIn) identity(ctx context.Context, d *discovery, token, nonce string) (jwt.MapClaims, error) {
	if token == "" || len(token) > maxToken {
		return nil, errors.New("the issuer gave no ID token, or one too long")
	}
	claims := jwt.MapClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods(algorithms), jwt.WithIssuer(s.spec.Issuer), jwt.WithAudience(s.spec.ClientID),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithStrictDecoding(), jwt.WithJSONNumber(),
		jwt.WithTimeFunc(s.shared.now))
	if _, err := parser.ParseWithClaims(token, claims, s.shared.keys.keyfunc(ctx, s.spec.Issuer, d.JWKS)); err != nil {
		return nil, err
	}
	audience, _ := claims.GetAudience()
	party, named := claims["azp"]
	if (named || len(audience) > 1) && party != any(s.spec.ClientID) {
		return nil, errors.New("the ID token was issued to another client")
	}
	said, _ := claims["nonce"].(string)
	if nonce != "" && subtle.ConstantTimeCompare([]byte(said), []byte(nonce)) != 1 {
		return nil, errors.New("the ID token answers another sign-in: its nonce differs")
	}
	if subject, _ := claims.GetSubject(); subject == "" {
		return nil, errors.New("the ID token names nobody: it has no sub")
	}
	return claims, nil
}

// protocol are the claims that bind a token to its sign-in and say nothing of who signed in.
var protocol = []string{"nonce", "at_hash", "c_hash", "s_hash", "sid", "jti", "exp", "iat", "nbf", "aud", "azp"}

// shown are the claims that holes and the browser may see.
func shown(claims jwt.MapClaims) map[string]any {
	out := maps.Clone(map[string]any(claims))
	for _, name := range protocol {
		delete(out, name)
	}
	return out
}
