package auth

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"atrium/clients"
)

// maxToken bounds a JWT: larger ones are not parsed.
const maxToken = 16 << 10

// leeway is how far clocks may differ.
const leeway = 30 * time.Second

// algorithms are those of public keys: with a shared secret an issuer's public key could be taken for one, and none is no proof.
var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// verify checks a JWT (RFC 7519, RFC 8725): signature by the issuer's keys, iss, exp (required), nbf, and aud where the tenant names one.
func (g *Guard) verify(ctx context.Context, token string) (*Principal, error) {
	if len(token) > maxToken {
		return nil, unauthorized("The token is too long.", "invalid_token")
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods(algorithms), jwt.WithIssuer(g.jwt.Issuer), jwt.WithExpirationRequired(),
		jwt.WithLeeway(leeway), jwt.WithStrictDecoding(),
	}
	if len(g.jwt.Audience) > 0 {
		options = append(options, jwt.WithAudience(g.jwt.Audience...))
	}
	claims := jwt.MapClaims{}
	_, err := jwt.NewParser(options...).ParseWithClaims(token, claims, g.sets.keyfunc(ctx, g.jwt.Issuer, g.jwt.JWKS))
	switch {
	case err == nil:
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, unauthorized("The token has expired.", "invalid_token").Because(err)
	case isCallError(err):
		return nil, err // the issuer cannot be asked: not the caller's fault
	default:
		return nil, unauthorized("The token is not valid here.", "invalid_token").Because(err)
	}
	subject, _ := claims.GetSubject()
	if subject == "" {
		return nil, unauthorized("The token names nobody: it has no sub.", "invalid_token")
	}
	roles := textList(claims[cmp.Or(g.jwt.RolesClaim, "roles")])
	return newPrincipal("jwt:"+subject, subject, roles, textList(cmp.Or[any](claims["scope"], claims["scp"])), claims)
}

func isCallError(err error) bool {
	_, ok := errors.AsType[*clients.Error](err)
	return ok
}

// textList reads a claim that is a list of text, or text with spaces between its elements.
func textList(claim any) []string {
	switch v := claim.(type) {
	case string:
		return strings.Fields(v)
	case []any:
		out := make([]string, 0, len(v))
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}
