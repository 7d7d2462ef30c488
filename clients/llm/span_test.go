package llm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"atrium/clients/llm"
)

// told runs play under a span and returns the spans that ended below it.
func told(t *testing.T, play func(context.Context)) []sdktrace.ReadOnlySpan {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	ctx, parent := provider.Tracer("test").Start(t.Context(), "request")
	play(ctx)
	parent.End()
	spans := recorder.Ended()
	return spans[:len(spans)-1]
}

func attributes(s sdktrace.ReadOnlySpan) string {
	var all []string
	for _, a := range s.Attributes() {
		all = append(all, fmt.Sprintf("%s=%s", a.Key, a.Value.String()))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestSpanOfAWholeAnswer(t *testing.T) {
	spans := told(t, func(ctx context.Context) {
		if _, err := listen(ctx, says(chunk("secret words")+finished+usage+done), llm.Timeouts{}); err != nil {
			t.Error(err)
		}
	})
	if len(spans) != 1 || spans[0].Name() != "chat m-1" || spans[0].SpanKind() != trace.SpanKindClient {
		t.Fatalf("spans %v", spans)
	}
	got := attributes(spans[0])
	for _, want := range []string{
		"gen_ai.operation.name=chat", "gen_ai.provider.name=openai", "gen_ai.request.model=m-1", "gen_ai.request.stream=true",
		"gen_ai.response.id=c1", "gen_ai.response.model=m-1", `gen_ai.response.finish_reasons=["stop"]`,
		"gen_ai.response.time_to_first_chunk=", "gen_ai.usage.input_tokens=7", "gen_ai.usage.output_tokens=2",
		"server.address=model.test", "stream.outcome=complete", "atrium.model=assistant",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if strings.Contains(got, "secret words") || strings.Contains(got, "k-1") || strings.Contains(got, "error.type") {
		t.Errorf("too much is told: %s", got)
	}
}

// A call of a model with a price says what it cost; one of a model without says nothing.
func TestSpanTellsTheCost(t *testing.T) {
	for want, price := range map[string]*llm.Price{
		"atrium.cost.currency=EUR atrium.cost=5.5 ": {Currency: "EUR", Input: 5e5, Output: 1e6}, "": nil,
	} {
		m := &llm.Model{
			Name: "assistant", BaseURL: "http://model.test/v1", Model: "m-1", Price: price,
			Transport: says(chunk("a") + finished + usage + done),
		}
		spans := told(t, func(ctx context.Context) {
			stream, err := llm.New(llm.Options{}).Stream(ctx, m, nil)
			if err != nil {
				t.Fatal(err)
			}
			for err == nil {
				_, err = stream.Recv()
			}
		})
		if got := attributes(spans[0]); !strings.Contains(got, want) || price == nil && strings.Contains(got, "cost") {
			t.Errorf("no %q in %s", want, got)
		}
	}
}

func TestSpanOfAFailure(t *testing.T) {
	for text, want := range map[string]string{
		chunk("a"): `error.type=contract gen_ai.operation.name=chat gen_ai.provider.name=openai gen_ai.request.model=m-1`,
		chunk("a") + "data: {\"error\":{\"message\":\"x\",\"code\":529}}\n\n": "error.type=529 ",
		"": "stream.outcome=upstream_error",
	} {
		spans := told(t, func(ctx context.Context) { _, _ = listen(ctx, says(text), llm.Timeouts{}) })
		got := attributes(spans[0])
		if !strings.Contains(got, want) || !strings.Contains(got, `finish_reasons=["error"]`) || spans[0].Status().Code != codes.Error {
			t.Errorf("%q: %s, status %v", text, got, spans[0].Status())
		}
	}
}

func TestSpanOfATool(t *testing.T) {
	spans := told(t, func(ctx context.Context) {
		_, end := llm.StartTool(ctx, "get_dashboard", "call_1")
		end(errors.New("boom"))
	})
	if got := attributes(spans[0]); spans[0].Name() != "execute_tool get_dashboard" ||
		!strings.Contains(got, "gen_ai.tool.name=get_dashboard") || spans[0].Status().Code != codes.Error {
		t.Errorf("%s: %s", spans[0].Name(), got)
	}
}

func TestMetrics(t *testing.T) {
	reader := metric.NewManualReader()
	meter := metric.NewMeterProvider(metric.WithReader(reader)).Meter("test")
	m := &llm.Model{Name: "assistant", BaseURL: "http://model.test/v1", Model: "m-1", Transport: says(chunk("a") + finished + usage)}
	stream, err := llm.New(llm.Options{Meter: meter}).Stream(t.Context(), m, nil)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = stream.Recv()
	}
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, m := range all.ScopeMetrics[0].Metrics {
		switch h := m.Data.(type) {
		case metricdata.Histogram[float64]:
			got[m.Name] = int(h.DataPoints[0].Count)
		case metricdata.Histogram[int64]:
			for _, p := range h.DataPoints {
				kind, _ := p.Attributes.Value(attribute.Key("gen_ai.token.type"))
				got[m.Name+" "+kind.AsString()] = int(p.Sum)
			}
		}
	}
	want := map[string]int{
		"gen_ai.client.operation.duration": 1, "gen_ai.client.operation.time_to_first_chunk": 1,
		"gen_ai.client.token.usage input": 7, "gen_ai.client.token.usage output": 2,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
