package clients

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Labels say whose request it is, for spans and metrics. All may be empty.
type Labels struct {
	Upstream  string
	Operation string
	Template  string // the path as declared, with its parameters in braces
	Resends   int    // tries before this one
}

type labelsKey struct{}

// NewContext returns a context that labels the requests made with it. Calls through a Gate are labelled by it.
func NewContext(ctx context.Context, l Labels) context.Context {
	return context.WithValue(ctx, labelsKey{}, &l)
}

func labelsFrom(ctx context.Context) *Labels {
	if l, ok := ctx.Value(labelsKey{}).(*Labels); ok {
		return l
	}
	return &Labels{}
}

// Classify returns err as an *Error; nil for nil. ctx is the context of the call that failed: when it has ended, that
// is why. Whatever else went wrong on the way, the upstream was out of reach.
func Classify(ctx context.Context, err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	kind := Unreachable
	switch {
	case isRefused(err):
		kind = Address
	case errors.Is(ctx.Err(), context.Canceled):
		kind = Canceled
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded):
		kind = Timeout
	case errors.Is(err, context.Canceled):
		kind = Canceled
	}
	return &Error{Kind: kind, Err: err}
}

func isRefused(err error) bool {
	_, ok := errors.AsType[*AddressError](err)
	return ok
}

// A tripper is one attempt: its span, the context that travels, its metrics.
type tripper struct {
	next    http.RoundTripper
	metrics *metrics
}

// RoundTrip implements http.RoundTripper.
func (t *tripper) RoundTrip(req *http.Request) (*http.Response, error) {
	labels := labelsFrom(req.Context())
	name := req.Method
	if labels.Template != "" {
		name += " " + labels.Template
	}
	start := time.Now()
	tracer := trace.SpanFromContext(req.Context()).TracerProvider().Tracer("atrium/clients")
	ctx, span := tracer.Start(req.Context(), name, trace.WithSpanKind(trace.SpanKindClient))
	if span.IsRecording() {
		span.SetAttributes(requestAttributes(req, labels)...)
	}
	out := req.WithContext(ctx)
	if span.SpanContext().IsValid() {
		out.Header = maps.Clone(req.Header)
		if out.Header == nil {
			out.Header = make(http.Header, 2)
		}
		propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(out.Header))
	}
	resp, err := t.next.RoundTrip(out)
	if err != nil {
		e := Classify(req.Context(), err)
		endFailed(span, e)
		t.metrics.record(ctx, start, req.Method, labels.Upstream, 0, e.Kind.String())
		return nil, e
	}
	t.metrics.record(ctx, start, req.Method, labels.Upstream, resp.StatusCode, "")
	observe(span, resp)
	return resp, nil
}

func requestAttributes(req *http.Request, l *Labels) []attribute.KeyValue {
	all := make([]attribute.KeyValue, 0, 8)
	all = append(all,
		semconv.HTTPRequestMethodKey.String(req.Method),
		semconv.ServerAddress(req.URL.Hostname()),
		semconv.URLFull(req.URL.Scheme+"://"+req.URL.Host+req.URL.EscapedPath()), // a query may hold a credential
	)
	if port, err := strconv.Atoi(req.URL.Port()); err == nil {
		all = append(all, semconv.ServerPort(port))
	}
	if l.Template != "" {
		all = append(all, semconv.URLTemplate(l.Template))
	}
	if l.Upstream != "" {
		all = append(all, attribute.String("atrium.upstream", l.Upstream))
	}
	if l.Operation != "" {
		all = append(all, attribute.String("atrium.operation", l.Operation))
	}
	if l.Resends > 0 {
		all = append(all, semconv.HTTPRequestResendCount(l.Resends))
	}
	return all
}

func endFailed(span trace.Span, e *Error) {
	if span.IsRecording() {
		span.SetAttributes(semconv.ErrorTypeKey.String(e.Kind.String()))
		span.SetStatus(codes.Error, e.Err.Error())
	}
	span.End()
}

// observe notes the answer and lets the span end with its body.
func observe(span trace.Span, resp *http.Response) {
	if !span.IsRecording() {
		span.End()
		return
	}
	span.SetAttributes(semconv.HTTPResponseStatusCode(resp.StatusCode))
	if resp.StatusCode >= http.StatusBadRequest {
		span.SetAttributes(semconv.ErrorTypeKey.String(strconv.Itoa(resp.StatusCode)))
		span.SetStatus(codes.Error, "")
	}
	if resp.StatusCode == http.StatusSwitchingProtocols || resp.Body == http.NoBody {
		span.End()
		return
	}
	resp.Body = &body{ReadCloser: resp.Body, span: span}
}

// A body ends the span of its request when it has been read or is closed.
type body struct {
	io.ReadCloser
	span trace.Span
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		if !errors.Is(err, io.EOF) {
			b.span.SetStatus(codes.Error, "the answer broke off: "+err.Error())
		}
		b.span.End()
	}
	return n, err
}

// Close implements io.Closer.
func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.span.End()
	return err
}
