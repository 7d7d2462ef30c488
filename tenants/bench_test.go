package tenants

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// fleet is so many tenants of one API, each with a host of its own. A large one is kept by programs, which write JSON;
// people write YAML, which takes several times as long to read.
func fleet(n int) map[string]string {
	files := map[string]string{"apis/shop.yaml": "vars: [brand]", "plans/pro.yaml": `{requests: ["6000/1m"], streams: 50}`}
	template := fleetYAML
	if n >= 100_000 {
		template = fleetJSON
	}
	for i := range n {
		files[fmt.Sprintf("tenants/t%06d.yaml", i)] = fmt.Sprintf(template, i)
	}
	return files
}

const fleetYAML = `api: shop
hosts: [shop.t%06[1]d.example.com]
plan: pro
vars: { brand: Brand %[1]d, crmUrl: "https://crm.t%06[1]d.example.com", shopUrl: "https://shop.t%06[1]d.example.com" }
secrets: { crmToken: { value: "token-%06[1]d" } }
auth:
  apiKeys: [{ id: web, hash: "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae" }]
cors: { origins: ["https://t%06[1]d.example.com"] }
limits: { perClient: ["60/1m"] }
`

const fleetJSON = `{"api": "shop", "hosts": ["shop.t%06[1]d.example.com"], "plan": "pro",
"vars": {"brand": "Brand %[1]d", "crmUrl": "https://crm.t%06[1]d.example.com", "shopUrl": "https://shop.t%06[1]d.example.com"},
"secrets": {"crmToken": {"value": "token-%06[1]d"}},
"auth": {"apiKeys": [{"id": "web", "hash": "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"}]},
"cors": {"origins": ["https://t%06[1]d.example.com"]}, "limits": {"perClient": ["60/1m"]}}
`

// BenchmarkFleet shows that what a request and a change cost does not grow with the number of tenants.
func BenchmarkFleet(b *testing.B) {
	for _, n := range []int{10, 1_000, 100_000} {
		b.Run(fmt.Sprintf("tenants=%d", n), func(b *testing.B) {
			d := benchLoad(b, n)
			d.t = b
			benchResolve(b, d)
			text := fmt.Sprintf(fleetYAML, 7)
			b.Run("apply", func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					d.put("tenants/t000007.yaml", fmt.Sprintf("%s# %d", text, i))
				}
			})
			b.Run("follow", func(b *testing.B) { // a change that another replica made
				for i := 0; b.Loop(); i++ {
					d.store.write("tenants/t000007.yaml", fmt.Sprintf("%s#f %d", text, i))
					d.reload()
				}
			})
			b.Run("apply-api", func(b *testing.B) { // which all tenants share
				for i := 0; b.Loop(); i++ {
					d.put("apis/shop.yaml", fmt.Sprintf("vars: [brand] # %d", i))
				}
			})
		})
	}
}

// benchLoad is a start: from documents in memory to tenants that serve.
func benchLoad(b *testing.B, n int) (d *testDirectory) {
	files := fleet(n)
	b.Run("load", func(b *testing.B) {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for b.Loop() {
			d = nil
			d = load(b, files)
		}
		b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(n)/float64(time.Microsecond), "µs/tenant")
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric((float64(after.HeapAlloc)-float64(before.HeapAlloc))/float64(n), "B/tenant")
	})
	if d == nil { // not selected by -bench
		d = load(b, files)
	}
	return d
}

func benchResolve(b *testing.B, d *testDirectory) {
	for _, c := range []struct{ name, host, header string }{
		{"resolve-subdomain", "t000007.localhost:8080", ""},
		{"resolve-host", "shop.t000007.example.com", ""},
		{"resolve-header", "localhost:8080", "t000007"},
		{"resolve-unknown", "nobody.localhost", ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = d.Resolve(c.host, c.header)
			}
		})
	}
}
