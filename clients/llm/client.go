package llm

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	openai "github.com/sashabaranov/go-openai"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// Options configure a Client.
type Options struct {
	Transport http.RoundTripper // for models without one of their own; nil means http.DefaultTransport
	Meter     metric.Meter      // nil means no metrics
	MaxEvent  int               // bytes of one streamed event; zero means 4 MiB
	MaxAnswer int               // bytes of an answer that does not stream; zero means 8 MiB
}

// A Client calls models. It keeps no state between calls; use it from any number of goroutines.
type Client struct {
	opts    Options
	metrics *metrics
}

// New returns a client.
func New(opts Options) *Client {
	if opts.Transport == nil {
		opts.Transport = http.DefaultTransport
	}
	if opts.Meter == nil {
		opts.Meter = noop.Meter{}
	}
	if opts.MaxEvent <= 0 {
		opts.MaxEvent = 4 << 20
	}
	if opts.MaxAnswer <= 0 {
		opts.MaxAnswer = 8 << 20
	}
	return &Client{opts: opts, metrics: newMetrics(opts.Meter)}
}

// A Model is a chat model as one tenant reaches it. It holds a credential: printing one shows its name only.
type Model struct {
	Name      string            // in the API document: what errors and spans call it
	BaseURL   string            // up to and including /v1; or an Azure resource, with ?api-version= when not the default
	APIKey    string            // "" sends none
	Model     string            // what the server calls it
	Timeouts  Timeouts          // zero fields mean the defaults
	Price     *Price            // nil when nobody said
	Transport http.RoundTripper // nil means the client's
}

// Timeouts bound the waits of a call. Zero means the default.
type Timeouts struct {
	FirstToken time.Duration // from the call to the first event of a stream; 20s
	Idle       time.Duration // without a byte after that; 30s
	Total      time.Duration // of the whole call; 5m
}

// String returns the model's name.
func (m *Model) String() string { return m.Name }

// GoString returns the model's name.
func (m *Model) GoString() string { return m.Name }

// LogValue is the model's name.
func (m *Model) LogValue() slog.Value { return slog.StringValue(m.Name) }

func (t Timeouts) withDefaults() Timeouts {
	if t.FirstToken <= 0 {
		t.FirstToken = 20 * time.Second
	}
	if t.Idle <= 0 {
		t.Idle = 30 * time.Second
	}
	if t.Total <= 0 {
		t.Total = 5 * time.Minute
	}
	return t
}

// azureVersion is the API version of Azure deployments that name none.
const azureVersion = "2024-10-21"

// config says to go-openai how to reach the model. Azure resources are told by their host, unless the address already
// is that of their OpenAI-compatible surface (/openai/v1).
func (m *Model) config(doer openai.HTTPDoer) openai.ClientConfig {
	config := openai.DefaultConfig(m.APIKey)
	if u, err := url.Parse(m.BaseURL); err == nil && isAzure(u) {
		version := u.Query().Get("api-version")
		if version == "" {
			version = azureVersion
		}
		u.RawQuery, u.Path = "", strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/openai")
		config = openai.DefaultAzureConfig(m.APIKey, u.String())
		config.APIVersion = version
		config.AzureModelMapperFunc = url.PathEscape
	} else {
		config.BaseURL = m.BaseURL
	}
	config.HTTPClient = doer
	return config
}

func isAzure(u *url.URL) bool {
	host := u.Hostname()
	azure := strings.HasSuffix(host, ".openai.azure.com") || strings.HasSuffix(host, ".cognitiveservices.azure.com")
	return azure && !strings.Contains(u.Path, "/openai/v1")
}
