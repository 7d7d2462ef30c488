package tenants

import (
	"atrium/tenants/document"
)

// A Plan is a set of limits: a document of kind plans, a tenant's own limits, or, as Tenant.Plan, what is in force.
type Plan struct {
	// Requests are those of the whole tenant; none means no limit.
	Requests []document.Rate `json:"requests"`
	// PerClient is per user, else API key, else address; none means no limit.
	PerClient []document.Rate `json:"perClient"`
	// Tokens are those of models; none means no limit.
	Tokens []document.Rate `json:"tokens"`
	// Streams is how many generations run at once; zero means no limit.
	Streams int `json:"streams" doc:"min=0"`
	// UpstreamConcurrency is how many calls run at once, per upstream and replica; zero means no limit.
	UpstreamConcurrency int `json:"upstreamConcurrency" doc:"min=0"`
	// CacheBytes is how much the cache keeps; in force it is never zero.
	CacheBytes document.Size `json:"cacheBytes"`
	// MaxBody is the size of a request's body; in force it is never zero.
	MaxBody document.Size `json:"maxBody"`

	given given // which fields the document has
}

// given marks fields of a Plan.
type given uint8

const (
	givenRequests given = 1 << iota
	givenPerClient
	givenTokens
	givenStreams
	givenUpstreamConcurrency
	givenCacheBytes
	givenMaxBody
)

type limitName struct {
	name string
	bit  given
}

// limitNames lists the fields of a Plan as documents name them.
func limitNames() []limitName {
	return []limitName{
		{"requests", givenRequests},
		{"perClient", givenPerClient},
		{"tokens", givenTokens},
		{"streams", givenStreams},
		{"upstreamConcurrency", givenUpstreamConcurrency},
		{"cacheBytes", givenCacheBytes},
		{"maxBody", givenMaxBody},
	}
}

// DefaultPlan is what holds where neither a plan nor the tenant says anything: no limits but 64 calls at once to an
// upstream, 64 MiB of cache and bodies of 1 MiB.
func DefaultPlan() Plan {
	return Plan{UpstreamConcurrency: 64, CacheBytes: 64 << 20, MaxBody: 1 << 20}
}

// DecodeNode implements document.NodeDecoder.
func (p *Plan) DecodeNode(n *document.Node) document.Issues {
	type plain Plan
	issues := document.Decode(n, (*plain)(p))
	for _, l := range limitNames() {
		value := n.Get(l.name)
		if value == nil || value.Kind == document.Null {
			continue
		}
		p.given |= l.bit
		if l.bit == givenCacheBytes || l.bit == givenMaxBody {
			if size := document.Size(-1); len(size.DecodeNode(value)) == 0 && size == 0 {
				issues = append(issues, value.Issue("want more than 0; leave %s out for the default", l.name))
			}
		}
	}
	return issues
}

// override returns p with the fields that other has.
func (p Plan) override(other *Plan) Plan {
	if other.given&givenRequests != 0 {
		p.Requests = other.Requests
	}
	if other.given&givenPerClient != 0 {
		p.PerClient = other.PerClient
	}
	if other.given&givenTokens != 0 {
		p.Tokens = other.Tokens
	}
	if other.given&givenStreams != 0 {
		p.Streams = other.Streams
	}
	if other.given&givenUpstreamConcurrency != 0 {
		p.UpstreamConcurrency = other.UpstreamConcurrency
	}
	if other.given&givenCacheBytes != 0 {
		p.CacheBytes = other.CacheBytes
	}
	if other.given&givenMaxBody != 0 {
		p.MaxBody = other.MaxBody
	}
	p.given |= other.given
	return p
}

// value returns a field of the plan.
func (p *Plan) value(bit given) any {
	switch bit {
	case givenRequests:
		return orEmpty(p.Requests)
	case givenPerClient:
		return orEmpty(p.PerClient)
	case givenTokens:
		return orEmpty(p.Tokens)
	case givenStreams:
		return p.Streams
	case givenUpstreamConcurrency:
		return p.UpstreamConcurrency
	case givenCacheBytes:
		return p.CacheBytes
	default:
		return p.MaxBody
	}
}

func orEmpty(rates []document.Rate) []document.Rate {
	if rates == nil {
		return []document.Rate{}
	}
	return rates
}
