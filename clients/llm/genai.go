package llm

import (
	"net/url"
	"strings"

	"go.opentelemetry.io/otel/attribute"
)

// The names of OpenTelemetry's GenAI conventions, as semantic conventions 1.41 had them: what dashboards know. They are
// in development and move; this file is the only place that spells them.
const (
	operationChat       = "chat"
	operationEmbeddings = "embeddings"
	operationTool       = "execute_tool"

	keyOperation    = attribute.Key("gen_ai.operation.name")
	keyProvider     = attribute.Key("gen_ai.provider.name")
	keyRequestModel = attribute.Key("gen_ai.request.model")
	keyStream       = attribute.Key("gen_ai.request.stream")
	keyResponseID   = attribute.Key("gen_ai.response.id")
	keyModel        = attribute.Key("gen_ai.response.model")
	keyFinish       = attribute.Key("gen_ai.response.finish_reasons")
	keyFirstChunk   = attribute.Key("gen_ai.response.time_to_first_chunk")
	keyInput        = attribute.Key("gen_ai.usage.input_tokens")
	keyOutput       = attribute.Key("gen_ai.usage.output_tokens")
	keyCached       = attribute.Key("gen_ai.usage.cache_read.input_tokens")
	keyReasoning    = attribute.Key("gen_ai.usage.reasoning.output_tokens")
	keyTokenType    = attribute.Key("gen_ai.token.type")
	keyToolName     = attribute.Key("gen_ai.tool.name")
	keyToolCall     = attribute.Key("gen_ai.tool.call.id")
	keyToolType     = attribute.Key("gen_ai.tool.type")

	keyAddress   = attribute.Key("server.address")
	keyPort      = attribute.Key("server.port")
	keyErrorType = attribute.Key("error.type")

	keyAtriumModel = attribute.Key("atrium.model") // the name in the API document
	keyCost        = attribute.Key("atrium.cost")  // of the call, where the model has a price
	keyCurrency    = attribute.Key("atrium.cost.currency")
	keyOutcome     = attribute.Key("stream.outcome") // complete, client_gone, upstream_error, timeout_ttft, timeout_idle, timeout_total

	metricDuration   = "gen_ai.client.operation.duration"
	metricFirstChunk = "gen_ai.client.operation.time_to_first_chunk"
	metricTokens     = "gen_ai.client.token.usage" //nolint:gosec // no credential
)

// providers names the servers that are known by their host.
func provider(baseURL string) string {
	u, err := url.Parse(baseURL)
	if err != nil {
		return "openai"
	}
	host := u.Hostname()
	for _, known := range [...]struct{ suffix, name string }{
		{".azure.com", "azure.ai.openai"},
		{"anthropic.com", "anthropic"},
		{"googleapis.com", "gcp.gemini"},
		{"mistral.ai", "mistral_ai"},
		{"deepseek.com", "deepseek"},
		{"groq.com", "groq"},
		{"x.ai", "x_ai"},
		{"perplexity.ai", "perplexity"},
		{"cohere.com", "cohere"},
	} {
		if strings.HasSuffix(host, known.suffix) {
			return known.name
		}
	}
	return "openai" // or what speaks its API
}
