package bff

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"atrium/bff/auth"
	"atrium/bff/auth/sessions"
	"atrium/bff/chat"
	"atrium/bff/limit"
	"atrium/cache"
	"atrium/clients"
	"atrium/clients/rest"
	"atrium/observability"
	"atrium/tenants"
)

// Config is what a Server is made of. Its collaborators belong to the caller, who closes them after Run has returned.
type Config struct {
	Listen         string // public; ":8080"
	AdminListen    string // "127.0.0.1:9090"
	BaseDomain     string // "localhost"
	AdminToken     string // of the admin listener; required
	OpenMetrics    bool   // /metrics without the token
	TrustedProxies []netip.Prefix
	Drain          time.Duration // zero means 30s

	Store     tenants.Store
	Cache     *cache.Cache
	Limits    *limit.Limiter
	Sessions  sessions.Store // of browsers; nil: in memory
	Shared    chat.Shared    // of generations; nil: this replica is alone
	Telemetry *observability.Telemetry
	Transport *clients.Transport
}

// A Server answers on the public and the admin listener.
type Server struct {
	cfg         Config
	log         *slog.Logger
	telemetry   *observability.Telemetry
	tracer      trace.Tracer
	requests    *observability.Requests
	breaches    metric.Int64Counter
	trusted     trusted
	directory   *directory
	cache       *cache.Cache
	limits      *limit.Limiter
	generations *chat.Generations
	transport   *clients.Transport
	client      *rest.Client
	sessions    *auth.Sessions
	deliveries  *deliveries
	compress    func(http.Handler) http.Handler
	draining    atomic.Bool
	ending      chan struct{} // closed when the server begins to drain
}

type directory = tenants.Directory[*rest.Spec, *gateway, *Runtime]

// Listeners are the two open sockets of a server.
type Listeners struct{ Public, Admin net.Listener }

// Listen opens the sockets. Its error names the flag that chooses another address.
func (s *Server) Listen(ctx context.Context) (Listeners, error) {
	public, err := listen(ctx, "--listen", s.cfg.Listen)
	if err != nil {
		return Listeners{}, err
	}
	admin, err := listen(ctx, "--admin-listen", s.cfg.AdminListen)
	if err != nil {
		return Listeners{}, errors.Join(err, public.Close())
	}
	return Listeners{Public: public, Admin: admin}, nil
}

func listen(ctx context.Context, flag, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w; choose another address with %s, for example %s 127.0.0.1:0 for any free port",
			err, flag, flag)
	}
	return l, nil
}

// Run loads the documents and serves until ctx ends; then it drains and returns when everything it started has ended.
func (s *Server) Run(ctx context.Context, l Listeners) error {
	issues, err := s.directory.Load(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("load documents: %w", err), l.Public.Close(), l.Admin.Close())
	}
	for _, issue := range issues {
		s.log.ErrorContext(ctx, "document not served", slog.String("issue", issue.String()))
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)

	public, admin := s.httpServer(s.Public()), s.httpServer(s.Admin())
	var running sync.WaitGroup
	serve := func(server *http.Server, l net.Listener) {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			stop(fmt.Errorf("serve %s: %w", l.Addr(), err))
		}
	}
	running.Go(func() { serve(public, l.Public) })
	running.Go(func() { serve(admin, l.Admin) })
	running.Go(func() {
		if err := s.directory.Follow(ctx); err != nil && ctx.Err() == nil {
			stop(fmt.Errorf("follow documents: %w", err))
		}
	})
	<-ctx.Done()
	s.drain(context.WithoutCancel(ctx), public, admin)
	running.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// drain lets requests and generations end: first readiness goes, so that balancers send no more, then the listeners close.
func (s *Server) drain(ctx context.Context, public, admin *http.Server) {
	s.draining.Store(true)
	close(s.ending)
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Drain)
	defer cancel()
	notice := time.NewTimer(min(s.cfg.Drain/10, 3*time.Second))
	defer notice.Stop()
	<-notice.C

	var ending sync.WaitGroup
	ending.Go(func() { s.generations.Drain(ctx) })
	for _, server := range []*http.Server{public, admin} {
		ending.Go(func() {
			if server.Shutdown(ctx) != nil {
				_ = server.Close() // what has not ended by now is cut
			}
		})
	}
	ending.Wait()
}

// The bounds of a connection. Streams and proxied bodies move their deadlines on as they make progress.
const (
	headerTimeout  = 10 * time.Second
	bodyTimeout    = 60 * time.Second
	answerTimeout  = 60 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
)

func (s *Server) httpServer(h http.Handler) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler: h, Protocols: protocols, ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout,
		WriteTimeout: answerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}
