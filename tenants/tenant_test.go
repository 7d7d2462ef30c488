package tenants

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestSecretNeverShows(t *testing.T) {
	const text = "hush-4711"
	tenant := Tenant{
		ID: "acme", Secrets: map[string]Secret{"token": NewSecret(text)},
		Spec: Spec{Secrets: map[string]SecretSource{"token": {Value: NewSecret(text)}}},
	}
	var shown bytes.Buffer
	for _, v := range []any{NewSecret(text), &tenant, tenant, tenant.Secrets, tenant.Spec} {
		fmt.Fprintf(&shown, "%v %+v %#v %s %q %x\n", v, v, v, v, v, v)
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(out)
	}
	for _, log := range []*slog.Logger{
		slog.New(slog.NewTextHandler(&shown, nil)), slog.New(slog.NewJSONHandler(&shown, nil)),
	} {
		log.InfoContext(t.Context(), "a secret", slog.Any("secret", NewSecret(text)), slog.Any("tenant", tenant.Secrets),
			slog.Any("spec", tenant.Spec))
	}
	shown.WriteString(fmt.Errorf("call with %v", NewSecret(text)).Error())
	if hex := fmt.Sprintf("%x", text); strings.Contains(shown.String(), text) || strings.Contains(shown.String(), hex) {
		t.Errorf("a secret shows: %s", shown.String())
	}
	if !strings.Contains(shown.String(), "[secret]") {
		t.Error("nothing says that there is a secret")
	}
	if got := NewSecret(text).Reveal(); got != text {
		t.Errorf("revealed %q", got)
	}
}

func TestTenantIsWhole(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("from file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := load(t, map[string]string{
		"apis/a.yaml":    "vars: []",
		"plans/pro.yaml": `{requests: ["6000/1m"], perClient: ["120/1m"], streams: 50, maxBody: 2MiB}`,
		"tenants/acme.yaml": `
api: a
plan: pro
vars: {brand: "<Acme> & \"sons\"", port: 8080, ratio: 1.50, on: true}
secrets: {token: {file: ` + file + `}, key: {env: KEY}, oidc: {value: hush}}
auth: {session: {issuer: "https://id.acme.com", clientId: web, clientSecret: "${secrets.oidc}"}}
limits: {perClient: ["60/1m", "1000/1h"], streams: 0, cacheBytes: 1MiB}
`,
	}, func(o *Options) {
		o.Env = func(name string) (string, bool) { return "from env", name == "KEY" }
	})
	if issues := d.issues(); len(issues) > 0 {
		t.Fatal(issues)
	}
	_, tenant, _ := d.Tenant("acme")
	wantVars := map[string]string{"brand": `<Acme> & "sons"`, "port": "8080", "ratio": "1.50", "on": "true"}
	if diff := cmp.Diff(wantVars, tenant.Vars); diff != "" {
		t.Errorf("vars: %s", diff)
	}
	for name, want := range map[string]string{"token": "from file", "key": "from env", "oidc": "hush"} {
		if got := tenant.Secrets[name].Reveal(); got != want {
			t.Errorf("secret %s is %q, want %q", name, got, want)
		}
	}
	if got := tenant.ClientSecret().Reveal(); got != "hush" {
		t.Errorf("the client's secret is %q", got)
	}
	var seen struct {
		ID   string
		Vars map[string]string
	}
	if err := json.Unmarshal(tenant.JSON, &seen); err != nil || seen.ID != "acme" || !cmp.Equal(seen.Vars, wantVars) {
		t.Errorf("holes see %s, %v", tenant.JSON, err)
	}
	if strings.Contains(string(tenant.JSON), "hush") || strings.Contains(string(tenant.JSON), "from") {
		t.Errorf("holes see a secret: %s", tenant.JSON)
	}
}

func TestLimitsInForce(t *testing.T) {
	d := load(t, map[string]string{
		"apis/a.yaml":          "vars: []",
		"plans/pro.yaml":       `{requests: ["6000/1m"], perClient: ["120/1m"], streams: 50, maxBody: 2MiB, tokens: null}`,
		"tenants/nothing.yaml": "api: a",
		"tenants/plan.yaml":    "api: a\nplan: pro",
		"tenants/own.yaml":     "api: a\nplan: pro\nlimits: {perClient: [\"60/1m\"], streams: 0, requests: []}",
		"tenants/alone.yaml":   "api: a\nlimits: {upstreamConcurrency: 0, cacheBytes: 1024}",
	})
	type limit struct{ Value, Source string }
	for id, want := range map[ID]map[string]limit{
		"nothing": {
			"requests": {"[]", "default"}, "perClient": {"[]", "default"}, "tokens": {"[]", "default"},
			"streams": {"0", "default"}, "upstreamConcurrency": {"64", "default"}, "cacheBytes": {`"64MiB"`, "default"},
			"maxBody": {`"1MiB"`, "default"},
		},
		"plan": {
			"requests": {`["6000/1m"]`, "plan"}, "perClient": {`["120/1m"]`, "plan"}, "tokens": {"[]", "default"},
			"streams": {"50", "plan"}, "upstreamConcurrency": {"64", "default"}, "cacheBytes": {`"64MiB"`, "default"},
			"maxBody": {`"2MiB"`, "plan"},
		},
		"own": {
			"requests": {"[]", "tenant"}, "perClient": {`["60/1m"]`, "tenant"}, "tokens": {"[]", "default"},
			"streams": {"0", "tenant"}, "upstreamConcurrency": {"64", "default"}, "cacheBytes": {`"64MiB"`, "default"},
			"maxBody": {`"2MiB"`, "plan"},
		},
		"alone": {
			"requests": {"[]", "default"}, "perClient": {"[]", "default"}, "tokens": {"[]", "default"},
			"streams": {"0", "default"}, "upstreamConcurrency": {"0", "tenant"}, "cacheBytes": {`"1KiB"`, "tenant"},
			"maxBody": {`"1MiB"`, "default"},
		},
	} {
		values, ok := d.Effective(id)
		if !ok {
			t.Fatalf("no tenant %s", id)
		}
		got := map[string]limit{}
		for _, v := range values {
			name, isLimit := strings.CutPrefix(v.Name, "limits.")
			if !isLimit {
				continue
			}
			text, err := json.Marshal(v.Value)
			if err != nil {
				t.Fatal(err)
			}
			got[name] = limit{string(text), v.Source}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
}

func TestEffectiveListsEverything(t *testing.T) {
	d := load(t, map[string]string{
		"apis/a.yaml": "vars: []",
		"tenants/acme.yaml": `
api: a
hosts: [acme.com]
vars: {brand: Acme}
secrets: {oidc: {value: hush}}
auth:
  apiKeys: [{id: web, hash: "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"}]
  jwt: {issuer: "https://id.acme.com", audience: acme-web}
  session: {issuer: "https://id.acme.com", clientId: web, clientSecret: "${secrets.oidc}", rolesClaim: groups}
cors: {origins: ["https://acme.com"], maxAge: 1h}
limits: {streams: 3}
`,
	})
	values, _ := d.Effective("acme")
	var got strings.Builder
	for _, v := range values {
		text, err := json.Marshal(v.Value)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "%s %s %s\n", v.Name, text, v.Source)
	}
	want := `api "a" tenant
auth.apiKeys ["web"] tenant
auth.jwt.audience ["acme-web"] tenant
auth.jwt.issuer "https://id.acme.com" tenant
auth.jwt.jwks "" default
auth.jwt.rolesClaim "roles" default
auth.session.clientId "web" tenant
auth.session.clientSecret "${secrets.oidc}" tenant
auth.session.issuer "https://id.acme.com" tenant
auth.session.rolesClaim "groups" tenant
auth.session.scopes [] default
cors.credentials false default
cors.expose [] default
cors.headers [] default
cors.maxAge "1h" tenant
cors.methods [] default
cors.origins ["https://acme.com"] tenant
host "acme.localhost" default
hosts ["acme.com"] tenant
limits.cacheBytes "64MiB" default
limits.maxBody "1MiB" default
limits.perClient [] default
limits.requests [] default
limits.streams 3 tenant
limits.tokens [] default
limits.upstreamConcurrency 64 default
plan "" default
secrets.oidc "[secret]" tenant
vars.brand "Acme" tenant
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
	if _, ok := d.Effective("nobody"); ok {
		t.Error("nobody has values")
	}
}

// TestSchemas: the schemas take what decodes, and refuse what does not.
func TestSchemas(t *testing.T) {
	tests := []struct {
		name   string
		schema []byte
		good   []string
		bad    []string
	}{
		{"tenant", SpecSchema(), []string{
			`{"api": "a"}`,
			`{"api": "a", "hosts": ["a.com"], "vars": {"n": 1, "s": "x", "b": true}, "secrets": {"a": {"env": "A"}},
			  "auth": {"apiKeys": [{"id": "a", "hash": "sha256:00", "expires": "2027-01-31"}],
			           "jwt": {"issuer": "https://a", "audience": ["x"]},
			           "session": {"issuer": "https://a", "clientId": "x", "clientSecret": "${secrets.a}"}},
			  "cors": {"origins": ["*"], "maxAge": "10m"}, "limits": {"requests": ["1/1s"], "cacheBytes": "1MiB"}}`,
		}, []string{
			`{}`, `{"api": "a", "limit": {}}`, `{"api": 1}`, `{"api": "a", "limits": {"requests": "1/1s"}}`,
			`{"api": "a", "auth": {"session": {"issuer": "x", "clientId": "y", "clientSecret": "hush"}}}`,
		}},
		{"plan", PlanSchema(), []string{`{}`, `{"streams": 5, "maxBody": 1024, "tokens": ["200000/24h"]}`}, []string{
			`{"streams": "5"}`, `{"stream": 5}`, `{"requests": ["many"]}`, `[]`,
		}},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(c.schema))
			if err != nil {
				t.Fatal(err)
			}
			compiler := jsonschema.NewCompiler()
			if err := compiler.AddResource("schema.json", doc); err != nil {
				t.Fatal(err)
			}
			schema, err := compiler.Compile("schema.json")
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range append(c.good, c.bad...) {
				value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
				if err != nil {
					t.Fatal(err)
				}
				good := len(c.good) > 0 && strings.Contains(strings.Join(c.good, "\n"), text)
				if err := schema.Validate(value); (err == nil) != good {
					t.Errorf("%s: %v", text, err)
				}
			}
		})
	}
}
