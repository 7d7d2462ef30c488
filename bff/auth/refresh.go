package auth

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The times of a refresh. A lock outlives the exchange that it stands for.
const (
	refreshEarly = 15 * time.Second // before the access token ends
	exchangeTime = 2*fetchTimeout + time.Second
	lockLife     = exchangeTime + 5*time.Second
	lockWait     = 5 * time.Second
	lockPoll     = 25 * time.Millisecond
)

// stale says that a session's tokens end now and that newer ones may be had.
func (s *SignIn) stale(sess *session) bool {
	return sess.Refresh != "" && !sess.Expires.IsZero() && !s.shared.now().Before(sess.Expires.Add(-refreshEarly))
}

// refreshed returns a session with new tokens. Of all that ask at the same time, here and at other replicas, one asks the issuer:
// a refresh token may be used once, and a second use ends its whole family. nil means that the session has ended.
func (s *SignIn) refreshed(ctx context.Context, at *place) (*session, error) {
	v, err, _ := s.shared.flights.Do(s.tenant+" "+hex.EncodeToString(at.key.ID[:]), func() (any, error) {
		return s.refreshAlone(context.WithoutCancel(ctx), at) // others wait for it; each of its steps has a deadline
	})
	sess, _ := v.(*session)
	return sess, err
}

// refreshAlone takes the lock, or waits for what its holder makes.
func (s *SignIn) refreshAlone(ctx context.Context, at *place) (*session, error) {
	wait, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	for {
		unlock, ok, err := at.store.Lock(ctx, at.key, lockLife)
		if err != nil {
			return nil, unavailable(err)
		}
		sess, err := s.load(ctx, at)
		if ok {
			defer unlock(ctx)
		}
		if err != nil || sess == nil || !s.stale(sess) {
			return sess, err
		}
		if ok {
			return s.renew(ctx, at, sess)
		}
		select {
		case <-wait.Done():
			return sess, nil // its holder is stuck: who it is holds still, its token does not
		case <-time.After(lockPoll):
		}
	}
}

// renew exchanges the refresh token. An issuer that cannot be asked ends no session; one that refuses the token does.
func (s *SignIn) renew(ctx context.Context, at *place, sess *session) (*session, error) {
	if s.shared.resting(s.spec.Issuer) {
		return sess, nil
	}
	ctx, cancel := context.WithTimeout(ctx, exchangeTime)
	defer cancel()
	d, err := s.shared.discovery(ctx, s.spec.Issuer)
	var got *tokens
	if err == nil {
		got, err = s.exchange(ctx, d, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {sess.Refresh}})
	}
	if refused, ok := errors.AsType[*refusal](err); ok && refused.code == "invalid_grant" {
		return nil, s.end(ctx, at, err)
	}
	if err != nil {
		s.shared.letRest(s.spec.Issuer)
		s.shared.log.WarnContext(ctx, "tokens of sessions are not refreshed", slog.String("tenant", s.tenant),
			slog.String("issuer", s.spec.Issuer), slog.String("error", err.Error()))
		return sess, nil
	}
	if got.ID != "" {
		claims, err := s.identity(ctx, d, got.ID, "")
		switch subject, _ := claims.GetSubject(); {
		case isCallError(err): // the keys cannot be had now: who it is was proven before
		case err != nil:
			return nil, s.end(ctx, at, err)
		case subject != sess.Subject:
			return nil, s.end(ctx, at, errors.New("the issuer's new ID token names somebody else"))
		default:
			sess.Claims = shown(claims)
		}
	}
	sess.take(got, s.shared.now())
	return s.keep(ctx, at, sess)
}

// take puts an answer's tokens into a session; what the answer leaves out stays as it was.
func (s *session) take(got *tokens, now time.Time) {
	s.Access, s.Expires = got.Access, time.Time{}
	if seconds, err := strconv.ParseInt(got.Expires.String(), 10, 32); err == nil && seconds > 0 {
		s.Expires = now.Add(time.Duration(seconds) * time.Second)
	}
	if got.Refresh != "" {
		s.Refresh = got.Refresh
	}
	if got.Scope != "" {
		s.Scopes = strings.Fields(got.Scope)
	}
}

// keep stores what a session has become, unless it was ended meanwhile. The old refresh token is used up, so a store that fails is
// asked again.
func (s *SignIn) keep(ctx context.Context, at *place, sess *session) (*session, error) {
	sealed, err := at.seal(sess)
	if err != nil {
		return nil, err
	}
	there := false
	for range 3 {
		if there, err = at.store.Replace(ctx, at.key, sealed, sessionIdle); err == nil {
			break
		}
	}
	if err != nil {
		return nil, unavailable(err)
	}
	if !there {
		return nil, nil //nolint:nilnil // who signed out meanwhile is nobody
	}
	return sess, nil
}

// end removes a session for a reason that the operator may want to know.
func (s *SignIn) end(ctx context.Context, at *place, why error) error {
	s.shared.log.WarnContext(ctx, "a session was ended", slog.String("tenant", s.tenant),
		slog.String("issuer", s.spec.Issuer), slog.String("error", why.Error()))
	if _, err := at.store.Take(ctx, at.key); err != nil {
		return unavailable(err)
	}
	return nil
}
