// Package observability sets up OpenTelemetry traces and metrics and structured logs.
//
// New builds everything once; the rest of the program uses the OpenTelemetry API only. Spans go three ways:
//
//	span -> tenant.id from the context -> traceview.Store (every span) -> OTLP (spans the sampler chose)
//
// The viewer sees what the sampler drops, because a dropped span is still recorded; the exporter does not.
// Metrics are read in Prometheus' format; no metric has a tenant label, so that their number does not grow with tenants.
package observability
