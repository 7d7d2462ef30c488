package observability

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// recordAll asks another sampler and records what it drops: the viewer sees every span, while the exporter and the
// upstreams see a span that is not sampled.
type recordAll struct{ sdktrace.Sampler }

// ShouldSample implements sdktrace.Sampler.
func (s recordAll) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	r := s.Sampler.ShouldSample(p)
	if r.Decision == sdktrace.Drop {
		r.Decision = sdktrace.RecordOnly
	}
	return r
}

// samplerFromEnv reads OTEL_TRACES_SAMPLER and its argument. The SDK does the same but keeps the result to itself,
// so that it could not be wrapped.
func samplerFromEnv(getenv func(string) string) (sdktrace.Sampler, error) {
	name := strings.ToLower(strings.TrimSpace(getenv("OTEL_TRACES_SAMPLER")))
	root, ofParent := strings.CutPrefix(cmp.Or(name, "parentbased_always_on"), "parentbased_")
	var s sdktrace.Sampler
	switch root {
	case "always_on":
		s = sdktrace.AlwaysSample()
	case "always_off":
		s = sdktrace.NeverSample()
	case "traceidratio":
		arg := cmp.Or(strings.TrimSpace(getenv("OTEL_TRACES_SAMPLER_ARG")), "1")
		ratio, err := strconv.ParseFloat(arg, 64)
		if err != nil || !(ratio >= 0 && ratio <= 1) { // the negation refuses NaN too
			return nil, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG: want a number from 0 to 1, found %q", arg)
		}
		s = sdktrace.TraceIDRatioBased(ratio)
	default:
		return nil, fmt.Errorf("OTEL_TRACES_SAMPLER: want always_on, always_off or traceidratio, "+
			"each alone or after parentbased_, found %q", name)
	}
	if ofParent {
		s = sdktrace.ParentBased(s)
	}
	return s, nil
}
