package llm

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"atrium/clients"
	"atrium/clients/rawjson"
)

const instrumentation = "atrium/clients/llm"

type metrics struct {
	duration, firstChunk metric.Float64Histogram
	tokens               metric.Int64Histogram
}

// newMetrics cannot fail: the names and bounds are constants that the API accepts.
func newMetrics(meter metric.Meter) *metrics {
	seconds := metric.WithExplicitBucketBoundaries(
		.01, .02, .04, .08, .16, .32, .64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
	m := new(metrics)
	m.duration, _ = meter.Float64Histogram(metricDuration, metric.WithUnit("s"), seconds,
		metric.WithDescription("Duration of a call of a model."))
	m.firstChunk, _ = meter.Float64Histogram(metricFirstChunk, metric.WithUnit("s"), seconds,
		metric.WithDescription("Time until a model's first event."))
	m.tokens, _ = meter.Int64Histogram(metricTokens, metric.WithUnit("{token}"),
		metric.WithDescription("Tokens of a call of a model."), metric.WithExplicitBucketBoundaries(
			1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864))
	return m
}

// span is what is told of one call: a CLIENT span and the metrics.
type span struct {
	ctx     context.Context //nolint:containedctx // metrics are recorded under the span's context, at its end
	span    trace.Span
	metrics *metrics
	start   time.Time
	firstAt time.Duration // since start; 0 before the first event
	known   []attribute.KeyValue
	model   []byte // as the server names it
	id      []byte
	finish  string
	usage   *Usage
	price   *Price
}

func (c *Client) start(ctx context.Context, m *Model, operation string, streams bool) (context.Context, *span) {
	s := &span{metrics: c.metrics, start: time.Now(), price: m.Price}
	s.known = []attribute.KeyValue{
		keyOperation.String(operation), keyProvider.String(provider(m.BaseURL)), keyRequestModel.String(m.Model),
	}
	ctx, s.span = tracer(ctx).Start(ctx, operation+" "+m.Model, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithTimestamp(s.start), trace.WithAttributes(s.known...),
		trace.WithAttributes(keyStream.Bool(streams), keyAtriumModel.String(m.Name)))
	s.ctx = context.WithoutCancel(ctx)
	return ctx, s
}

func tracer(ctx context.Context) trace.Tracer {
	return trace.SpanFromContext(ctx).TracerProvider().Tracer(instrumentation)
}

// request tells where the call goes.
func (s *span) request(req *http.Request) {
	s.span.SetAttributes(keyAddress.String(req.URL.Hostname()))
	if port, err := strconv.Atoi(req.URL.Port()); err == nil {
		s.span.SetAttributes(keyPort.Int(port))
	}
}

// first tells that the first event is here.
func (s *span) first() {
	s.firstAt = max(time.Since(s.start), 1)
	s.span.AddEvent("first chunk")
}

// begun reports whether the first event is here.
func (s *span) begun() bool { return s.firstAt > 0 }

// chunk keeps what the end tells.
func (s *span) chunk(c *Chunk) {
	if s.id == nil && c.ID != nil {
		s.id, s.model = append(s.id, c.ID...), append(s.model, c.Model...)
	}
	if c.Finish != "" {
		s.finish = c.Finish
	}
	if c.Usage != nil {
		s.usage = c.Usage
	}
}

// end tells how the call went. failed is nil for a whole answer.
func (s *span) end(failed error) {
	elapsed := time.Since(s.start)
	finish := s.finish
	if failed != nil || finish == "" {
		finish = "error"
	}
	told := []attribute.KeyValue{keyFinish.StringSlice([]string{finish}), keyOutcome.String(outcome(failed))}
	if s.id != nil {
		told = append(told, keyResponseID.String(string(rawjson.AppendUnquoted(nil, s.id))))
	}
	if s.model != nil {
		model := keyModel.String(string(rawjson.AppendUnquoted(nil, s.model)))
		told, s.known = append(told, model), append(s.known, model)
	}
	if s.begun() {
		told = append(told, keyFirstChunk.Float64(s.firstAt.Seconds()))
		s.metrics.firstChunk.Record(s.ctx, s.firstAt.Seconds(), metric.WithAttributes(s.known...))
	}
	if u := s.usage; u != nil {
		told = append(told, keyInput.Int64(u.Input), keyOutput.Int64(u.Output), keyCached.Int64(u.CachedInput),
			keyReasoning.Int64(u.Reasoning))
		if s.price != nil {
			cost := s.price.Cost(*u)
			told = append(told, keyCost.Float64(cost.Amount), keyCurrency.String(cost.Currency))
		}
		s.metrics.tokens.Record(s.ctx, u.Input, metric.WithAttributes(append(s.known, keyTokenType.String("input"))...))
		s.metrics.tokens.Record(s.ctx, u.Output, metric.WithAttributes(append(s.known, keyTokenType.String("output"))...))
	}
	if failed != nil {
		kind := keyErrorType.String(errorType(failed))
		told, s.known = append(told, kind), append(s.known, kind)
		s.span.SetStatus(codes.Error, failed.Error())
	}
	s.metrics.duration.Record(s.ctx, elapsed.Seconds(), metric.WithAttributes(s.known...))
	s.span.SetAttributes(told...)
	s.span.End()
}

func errorType(err error) string {
	e, ok := errors.AsType[*clients.Error](err)
	switch {
	case !ok:
		return "_OTHER"
	case e.Kind == clients.Status:
		return strconv.Itoa(e.Status)
	}
	return e.Kind.String()
}

// outcome is the value of stream.outcome.
func outcome(err error) string {
	if err == nil {
		return "complete"
	}
	if late, ok := errors.AsType[*TimeoutError](err); ok {
		switch late.Waited {
		case waitedFirst:
			return "timeout_ttft"
		case waitedNext:
			return "timeout_idle"
		}
		return "timeout_total"
	}
	if e, ok := errors.AsType[*clients.Error](err); ok && e.Kind == clients.Canceled {
		return "client_gone"
	}
	return "upstream_error"
}

// StartTool starts the span of a tool that a model called; end it with the error of the call.
func StartTool(ctx context.Context, name, callID string) (context.Context, func(error)) {
	ctx, span := tracer(ctx).Start(ctx, operationTool+" "+name, trace.WithAttributes(
		keyOperation.String(operationTool), keyToolName.String(name), keyToolCall.String(callID),
		keyToolType.String("function")))
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, err.Error())
			span.SetAttributes(keyErrorType.String(errorType(err)))
		}
		span.End()
	}
}
